# SPDX-License-Identifier: LGPL-2.1-or-later
# What the pipelines have in common: they source this file, and call need_files with the files that
# they read and keep_apart with the one that they write and those that they read.

script=$(basename "$0")

need_files() {
    local file
    for file in "$@"; do
        [ -r "$file" ] || { echo "$script: $file: no such file, or not readable" >&2; exit 2; }
    done
}

keep_apart() {
    local out=$1 file
    shift
    for file in "$@"; do
        [ ! "$out" -ef "$file" ] ||
            { echo "$script: $out: would be written over while it is read" >&2; exit 2; }
    done
    [ -d "$(dirname "$out")" ] ||
        { echo "$script: $(dirname "$out"): no such folder" >&2; exit 2; }
}

# Constant quality instead of x264enc's constant 2 Mbit/s: what comes out is about as large as what
# went in.
encoder=(x264enc speed-preset=veryfast pass=qual quantizer=21)

# sound_of VIDEO: how each track of its sound is coded, by ffprobe's names.
sound_of() {
    ffprobe -v error -select_streams a -show_entries stream=codec_name \
        -of default=noprint_wrappers=1:nokey=1 "$1"
}

# copy_sound FROM TAKEN CODECS...: ${sound[@]} ends a pipeline: a branch for each track of sound, as it
# is coded, from the element FROM into the muxer named "mux". TAKEN: the codecs that it takes, in one
# word.
copy_sound() {
    local from=$1 taken=$2 codec kind parser
    shift 2
    # The picture may be held back for some seconds, and the sound of that time waits.
    local wait=(queue max-size-time=0 max-size-bytes=0 max-size-buffers=0)
    sound=()
    for codec in "$@"; do
        case $codec in
            aac) kind='audio/mpeg,mpegversion={2,4}' parser=aacparse ;;
            mp2 | mp3) kind=audio/mpeg,mpegversion=1 parser=mpegaudioparse ;;
            ac3) kind=audio/x-ac3 parser=ac3parse ;;
            eac3) kind=audio/x-eac3 parser=ac3parse ;;
            opus) kind=audio/x-opus parser=opusparse ;;
            flac) kind=audio/x-flac parser=flacparse ;;
            *) kind= ;;
        esac
        if [[ -z $kind || " $taken " != *" $codec "* ]]; then
            echo "$script: a track of sound is left out: coded as $codec it cannot be copied into" \
                "this kind of output" >&2
            continue
        fi
        sound+=("$from." ! "$kind" ! "$parser" ! "${wait[@]}" ! mux.)
    done
}
kInMp4='aac mp3 ac3 eac3 opus'
kInTs='aac mp2 mp3 ac3 eac3 opus'
kInFlv='aac mp3'
kInRtsp='aac mp2 mp3 ac3 opus'

# take_apart VIDEO TAKEN: ${picture[@]} begins a pipeline and gives the decoded pictures, upright, for
# mp4mux of GStreamer 1.22 writes no rotation; ${sound[@]} as copy_sound has it.
take_apart() {
    # What decodebin leaves as it is: coded sound, and what it does by itself.
    local final='audio/mpeg;audio/x-ac3;audio/x-eac3;audio/x-opus;audio/x-flac'
    final+=';video/x-raw(ANY);audio/x-raw(ANY);text/x-raw;closedcaption/x-cea-608'
    final+=';closedcaption/x-cea-708;subpicture/x-dvd;subpicture/x-dvb;subpicture/x-pgs'
    picture=(filesrc location="$1" ! decodebin name=source caps="$final"
        source. ! 'video/x-raw(ANY)' ! videoconvert ! videoflip video-direction=auto
        ! video/x-raw,format=I420)
    copy_sound source "$2" $(sound_of "$1")
}

# The plugins built in $BUILD (default: build) go before installed ones.
build=${BUILD:-$(dirname "$0")/../build}
export GST_PLUGIN_PATH=$build/gst/detect:$build/gst/results${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}
# The library of results built in the same folder, for programs in Python.
export GI_TYPELIB_PATH=$build/gst/deepfake${GI_TYPELIB_PATH:+:$GI_TYPELIB_PATH}
export LD_LIBRARY_PATH=$build/gst/deepfake${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
