# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the pages of deepfake-monitor scan-page: they are XML, hold nothing that runs, fetch nothing but
pictures that lie beside them, and their links lead somewhere.

    python3 check_scan_page.py FOLDER

Prints the paths of the files on them as a JSON list, in their order.
"""

import html.parser
import json
import pathlib
import sys
import xml.etree.ElementTree

# What the pages are made of. Of attributes those that cannot fetch or run anything.
TAGS = set("html head meta title style body h1 h2 h3 p b span bdi a nav main details summary div dl dt "
           "dd svg path text img".split())
ATTRIBUTES = set("lang xmlns charset http-equiv content name class id href viewBox aria-hidden role d x y "
                 "text-anchor src alt loading".split())


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.paths, self.links, self.ids, self.faults = [], [], set(), []
        self.pictures = []
        self.inside = None

    def handle_starttag(self, tag, attrs):
        # HTMLParser gives names in lower case.
        allowed = {name.lower() for name in ATTRIBUTES}
        self.faults += [f"<{tag}>"] if tag not in TAGS else []
        self.faults += [f"{name} of <{tag}>" for name, _ in attrs if name not in allowed]
        attributes = dict(attrs)
        if "id" in attributes:
            self.ids.add(attributes["id"])
        if "href" in attributes:
            self.links.append(attributes["href"])
        if "src" in attributes:
            self.faults += [f"src of <{tag}>"] if tag != "img" else []
            self.pictures.append(attributes["src"])
        self.inside = attributes.get("class") if tag == "bdi" else None
        if self.inside == "path":
            self.paths.append("")

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "path":
            self.paths[-1] += data


def main(folder):
    pages = {}
    names = ["index.html"]
    while (folder / names[-1]).exists():
        path = folder / names[-1]
        xml.etree.ElementTree.parse(path)
        pages[path.name] = Reader()
        pages[path.name].feed(path.read_text(encoding="utf-8"))
        pages[path.name].close()
        names.append(f"index-{len(names) + 1}.html")
    faults = [] if pages else ["there is no page"]
    for name, page in pages.items():
        faults += [f"{name}: {fault}" for fault in page.faults]
        for link in page.links:
            to, _, place = link.partition("#")
            if to not in pages or (place and place not in pages[to].ids):
                faults.append(f"{name}: {link} leads nowhere")
        for picture in page.pictures:
            beside = picture.startswith("pictures/") and "/" not in picture[len("pictures/"):]
            if not beside or not (folder / picture).is_file():
                faults.append(f"{name}: {picture} is no picture beside it")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(json.dumps([path for page in pages.values() for path in page.paths]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
