#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Analyses H.264 and passes it on as it came: the same pictures, bit for bit, with the verdicts in SEI
# messages, and its sound. Nothing is encoded.
#
#   pipelines/join.sh MODEL INPUT OUTPUT [CODEC...]
#
# MODEL is a file, or - for the one that comes with the plugin. INPUT is a file or an address:
#
#   srt://HOST:PORT               rtsp://HOST/PATH, rtsps://...         over TCP
#   rtmp://HOST/APP/STREAM        udp://:PORT, udp://GROUP:PORT         MPEG-TS
#   http://HOST/PATH, https://... HLS, of a server that is trusted: its playlist says what is read
#
# OUTPUT is such an address too, but for HLS (rtsp: pushed to a server that records; udp://HOST:PORT), or a
# file whose name ends in .ts, .mp4 or .flv. Ctrl-C ends a live one, and its file is whole; from HLS an .mp4
# is only where the stream ends by itself. CODECs are those of an address's tracks of sound, such as aac: it
# cannot be asked before it plays. Without them its sound is left out; one that never comes holds up the
# picture.
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: join.sh MODEL INPUT OUTPUT [CODEC...]" >&2; exit 2; }
. "$(dirname "$0")/common.sh"
model=$1 input=$2 output=$3
shift 3
refuse() { echo "join.sh: $*" >&2; exit 2; }
[ "$model" = - ] || need_files "$model"

# Says that nobody is there while gst-launch-1.0 has not begun: one that fails while the model is loaded
# stays for ever (GStreamer 1.22), and of HTTP it does not say what failed.
declare -A ports=([rtsp]=554 [rtsps]=322 [rtmp]=1935 [rtmps]=443 [http]=80 [https]=443)
need_server() {
    [[ $1 =~ ^([a-z]+)://([^/?]*@)?(\[[^]]*\]|[^:/?]+)(:([0-9]+))?([/?]|$) ]] || refuse "$1: has no host"
    local host=${BASH_REMATCH[3]} port=${BASH_REMATCH[5]:-${ports[${BASH_REMATCH[1]}]}}
    timeout 10 bash -c '<"/dev/tcp/$0/$1"' "${host//[][]/}" "$port" 2>/dev/null ||
        { echo "join.sh: nobody listens at $host, port $port" >&2; exit 1; }
}

# A file's analysis may be behind by what its branch holds, a queue's second and a decoder's frames,
# and nobody waits for the result. A live one must keep up: what it cannot take leaves its queue, or
# the tee would hold the programme. Pieces of HLS come at once and wait.
latency=5000000000 leak=no sound_from=in
parse=(! parsebin name=in in. ! video/x-h264)
case $input in
srt://* | rtmp://* | rtmps://* | rtsp://* | rtsps://* | udp://*) latency=500000000 leak=downstream ;;
esac
case $input in
srt://*) source=(srtsrc uri="$input" "${parse[@]}") ;;
rtmp://* | rtmps://*)
    need_server "$input"
    source=(rtmp2src location="$input" "${parse[@]}")
    ;;
rtsp://* | rtsps://*)
    need_server "$input"
    # Picture and sound come at once, and gst-launch-1.0 tries each of its links with both: one that has
    # to make its filter first may keep the other out.
    # h264parse cuts the first picture of RTP in two where it comes as byte-stream (GStreamer 1.22).
    source=(rtspsrc name=in location="$input" protocols=tcp latency=200
        in. ! rtph264depay ! video/x-h264,stream-format=avc)
    sound_from=sound
    ;;
udp://*)
    [[ $input =~ ^udp://[^:/?]*:[0-9]+$ ]] || refuse "$input: is neither udp://:PORT nor udp://GROUP:PORT"
    # The kernel's own buffer holds a tenth of a second.
    source=(udpsrc uri="${input/#udp:\/\/:/udp:\/\/0.0.0.0:}" buffer-size=2097152
        caps=video/mpegts,systemstream=true,packetsize=188 "${parse[@]}")
    ;;
http://* | https://*)
    [ -n "${http_proxy:-}${https_proxy:-}" ] || need_server "$input"
    source=(souphttpsrc location="$input" ! hlsdemux "${parse[@]}")
    ;;
*://*) refuse "$input: begins with none of srt:// rtmp:// rtmps:// rtsp:// rtsps:// udp:// http:// https://" ;;
*)
    need_files "$input"
    source=(filesrc location="$input" "${parse[@]}")
    set -- $(sound_of "$input")
    ;;
esac

# Who joins a transport stream later needs its parameter sets again. SRT has room for seven packets
# in one of its own, and drops what is larger.
ts=(h264parse config-interval=-1 ! mpegtsmux name=mux alignment=7)
taken=$kInTs
case $output in
srt://*) target=("${ts[@]}" ! srtsink uri="$output" wait-for-connection=false) ;;
rtmp://* | rtmps://*)
    need_server "$output"
    target=(h264parse ! flvmux name=mux streamable=true !
        rtmp2sink location="$output" async-connect=false)
    taken=$kInFlv
    ;;
rtsp://* | rtsps://*)
    need_server "$output"
    target=(h264parse config-interval=-1 ! rtspclientsink name=mux location="$output" protocols=tcp)
    taken=$kInRtsp
    ;;
udp://*)
    [[ $output =~ ^udp://([^:/?]+):([0-9]+)$ ]] || refuse "$output: is not udp://HOST:PORT"
    target=("${ts[@]}" ! udpsink host="${BASH_REMATCH[1]}" port="${BASH_REMATCH[2]}")
    ;;
*://*) refuse "$output: begins with none of srt:// rtmp:// rtmps:// rtsp:// rtsps:// udp://" ;;
*.ts) target=("${ts[@]}" ! filesink location="$output") ;;
*.mp4) target=(h264parse ! mp4mux name=mux ! filesink location="$output") taken=$kInMp4 ;;
*.flv) target=(h264parse ! flvmux name=mux ! filesink location="$output") taken=$kInFlv ;;
*) refuse "$output: ends in neither .ts, .mp4 nor .flv, and is no address" ;;
esac
# A file is whole once it has its end. hlsdemux lets no end from without through, and would play on; nor
# does rtspclientsink always come to one (GStreamer 1.22).
at_interrupt=
if [[ $output != *://* ]]; then
    keep_apart "$output" "$model" "$input"
    [[ $input == http*://* ]] || at_interrupt=-e
fi
if [[ $# -gt 1 && ($taken == "$kInFlv" || $sound_from == sound) ]]; then
    echo "join.sh: of $# tracks of sound the first alone is kept: FLV and RTSP's sources have one" >&2
    set -- "$1"
fi
copy_sound "$sound_from" "$taken" "$@"
if [[ $sound_from == sound && ${#sound[@]} -gt 0 ]]; then
    sound=(in. ! capsfilter caps=application/x-rtp,media=audio ! parsebin name=sound "${sound[@]}")
fi
# FLV says beforehand of no track that it will come: sound before the first picture would find nobody,
# which ends the source.
[[ $input != rtmp*://* || ${#sound[@]} -gt 0 ]] || sound=(in. ! audio/mpeg ! valve drop=true)

# The results have a name, which goes out with them: without what an address may hold of secrets.
name=$input
[[ ! $input =~ ^[a-z]+://([^/?]*@)?([^?]*) ]] || name=${BASH_REMATCH[2]}
name=$(basename "$name")
detect=(deepfakedetect stream-id="$name")
[ "$model" = - ] || detect+=(model-file="$model")
line=("${source[@]}" ! h264parse ! video/x-h264,alignment=au ! tee name=t
    t. ! deepfakejoin name=join latency="$latency" ! deepfakeseiinsert ! "${target[@]}"
    t. ! queue leaky="$leak" ! decodebin ! videoconvert ! "${detect[@]}" ! join.results "${sound[@]}")
exec gst-launch-1.0 -q $at_interrupt "${line[@]}"
