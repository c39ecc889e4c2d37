// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The report's style sheet.

#pragma once

namespace dfd {

// Blue and orange are told apart by all kinds of colour blindness; lines differ by dashes too. All
// text has a contrast of at least 4.5, lines of 3, in light and dark.
constexpr char kReportStyle[] = R"css(
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--text:#1b1f24;--soft:#57606a;--edge:#d4d9df;
--grid:#e6e9ed;--accent:#0b5cad;--warn-bg:#fff4e0;--warn-edge:#b35c00;--warn:#7a3e00;
--real:#0072b2;--fake:#c8500a;--s0:#0072b2;--s1:#c8500a;--s2:#00805c;--s3:#a33a83;--s4:#6b5b00;--s5:#444c56;
--count:#c3c9d1}
@media (prefers-color-scheme:dark){:root{--page:#0e1116;--card:#171b22;--text:#e6eaef;--soft:#a3acb7;
--edge:#343b45;--grid:#262c35;--accent:#6fb6ff;--warn-bg:#33240d;--warn-edge:#e09a3e;--warn:#ffcf8f;
--real:#56b4e9;--fake:#f08a4b;--s0:#56b4e9;--s1:#f08a4b;--s2:#3fc79a;--s3:#e08bc5;--s4:#d8c14a;--s5:#aab4c0;
--count:#465060}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main,header,footer{max-width:1120px;margin:0 auto;padding:0 20px}
header{padding-top:28px}
footer{padding-bottom:40px;color:var(--soft);font-size:14px}
h1{font-size:30px;line-height:1.2;margin:0 0 12px;letter-spacing:-.01em}
h2{font-size:21px;line-height:1.3;margin:40px 0 12px}
h3{font-size:16px;margin:20px 0 6px}
p{margin:8px 0;max-width:75ch}
a{color:var(--accent)}
bdi,dd{overflow-wrap:anywhere}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0;font-size:14px}
.facts dt{color:var(--soft)}
.facts dd{margin:0;font-variant-numeric:tabular-nums}
.box,figure,.wide,.clips li{background:var(--card);border:1px solid var(--edge);border-radius:10px}
.box{padding:18px 22px;margin:24px 0;border-left:5px solid var(--accent)}
.box h2{margin-top:0}
.box h3{margin-bottom:2px}
.box ul{margin:4px 0;padding-left:22px}
.box li{margin:4px 0;max-width:80ch}
.verdict{font-size:19px;font-weight:600;margin:0 0 8px}
.remarks{background:var(--warn-bg);border-color:var(--warn-edge);color:var(--warn)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0;padding:0}
.tiles div{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:12px 14px}
.tiles dt{font-size:13px;color:var(--soft)}
.tiles dd{margin:0}
.tiles div{display:flex;flex-direction:column}
.tiles dt{flex-grow:1}
.tiles .value{display:block;font-size:26px;font-weight:600;line-height:1.25;font-variant-numeric:tabular-nums}
.range{display:block;font-size:11px;color:var(--soft);white-space:nowrap}
.wide{overflow-x:auto;margin:12px 0;width:fit-content;max-width:100%;min-width:min(100%,540px)}
.wide .wide{border:0;margin:0;background:none;min-width:0}
.wide .wide caption{display:none}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:10px 14px 6px;color:var(--soft);font-size:13px}
th,td{padding:6px 6px;border-top:1px solid var(--grid);vertical-align:top}
td{text-align:right}
thead th{text-align:right;font-weight:600;color:var(--soft);border-top:0;vertical-align:bottom}
thead th:first-child,tbody th{text-align:left}
tbody th{font-weight:500;min-width:120px}
thead th:first-child,tbody th{position:sticky;left:0;background:var(--card)}
.wide .wide th{position:static}
th:first-child{padding-left:14px}
td:last-child,thead th:last-child{padding-right:14px}
.wide .wide th:first-child{padding-left:0}.wide .wide tr:first-child>*{border-top:0}
td ul{margin:0;padding-left:18px}
.words td,.words thead th{text-align:left}
.inset{display:block;padding-left:14px;color:var(--soft);font-weight:400}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:16px;align-items:start}
figure{margin:0;padding:14px 16px 10px;max-width:560px;width:100%}
figcaption{font-weight:600;font-size:15px;margin-bottom:6px}
figure svg{display:block;width:100%;height:auto}
svg text{fill:var(--soft);font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.about{font-size:13px;color:var(--soft);margin:6px 0 2px}
.frame,.base{fill:none;stroke:var(--soft);stroke-width:1}
.grid{fill:none;stroke:var(--grid);stroke-width:1}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
.whisker{fill:none;stroke-width:1.2;opacity:.75}
.s0{stroke:var(--s0)}.s1{stroke:var(--s1);stroke-dasharray:7 3}.s2{stroke:var(--s2);stroke-dasharray:2 3}
.s3{stroke:var(--s3);stroke-dasharray:9 3 2 3}.s4{stroke:var(--s4);stroke-dasharray:4 2}
.s5{stroke:var(--s5);stroke-dasharray:12 4}
.mark{stroke-width:1.5;stroke-dasharray:none}
.mark.s0{fill:var(--s0)}.mark.s1{fill:var(--s1)}.mark.s2{fill:var(--s2)}.mark.s3{fill:var(--s3)}
.mark.s4{fill:var(--s4)}.mark.s5{fill:var(--s5)}
.mark.threshold{fill:var(--card);stroke:var(--fake);stroke-width:2.5}
.chance{stroke:var(--soft);stroke-width:1.3;stroke-dasharray:4 4}
.limit{stroke:var(--text);stroke-width:1.3;stroke-dasharray:5 3}
.bar.real{fill:var(--real)}.bar.fake{fill:var(--fake)}.bar.count{fill:var(--count)}
.line.real{stroke:var(--real);stroke-width:9}.line.fake{stroke:var(--fake);stroke-width:9}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;list-style:none;margin:6px 0 0;padding:0;font-size:13px}
.legend li{display:flex;align-items:center;gap:6px}
figure svg.key{width:24px;height:10px;flex:none}
details{font-size:14px;margin:6px 0}
summary{cursor:pointer;color:var(--accent)}
.clips{list-style:none;margin:0;padding:0;display:grid;
grid-template-columns:repeat(auto-fill,minmax(min(100%,250px),1fr));gap:12px}
.clips li{padding:12px 14px;overflow:hidden}
.clips img{display:block;max-width:100%;height:auto;max-height:220px;border-radius:6px;margin-bottom:8px}
.clips p{margin:2px 0;font-size:14px}
.clips .name{font-weight:600}
.tag{display:inline-block;border-radius:5px;padding:0 7px;font-size:13px;font-weight:600;border:1.5px solid}
.tag.real{color:var(--real)}.tag.fake{color:var(--fake)}.tag.alarm{color:var(--warn);border-color:var(--warn-edge)}
@media (max-width:480px){tbody th{min-width:112px;max-width:42vw}body{font-size:15px}main,header,footer{padding-left:12px;padding-right:12px}
h1{font-size:24px}h2{font-size:19px;margin-top:30px}.box{padding:14px 14px}figure{padding:12px 10px 8px}
.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:6px}
.tiles{grid-template-columns:repeat(2,1fr);gap:8px}.tiles .value{font-size:22px}svg text{font-size:15px}}
@media print{:root{color-scheme:light;--page:#fff;--card:#fff;--text:#000;--soft:#444;--edge:#bbb;--grid:#ddd;
--accent:#0b5cad;--warn-bg:#fff;--warn-edge:#b35c00;--warn:#5a2d00;--real:#0072b2;--fake:#c8500a;--s0:#0072b2;
--s1:#c8500a;--s2:#00805c;--s3:#a33a83;--s4:#6b5b00;--s5:#444c56;--count:#c3c9d1}
body{font-size:11pt}main,header,footer{max-width:none;padding:0}.wide{overflow:visible}table{font-size:8.5pt}
th,td{padding:3px 4px}figure,.clips li,.tiles div,tr,.box{break-inside:avoid}h2,h3{break-after:avoid}
.plots{grid-template-columns:1fr 1fr}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
)css";

}  // namespace dfd
