--- The frame, the style and the script of the dashboard's page.

local look = {}

-- The policy lets nothing in from elsewhere, whatever a name may hold.
look.page = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline';
  script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<title>{{title}}</title>
<style>
{{style}}</style>
</head>
<body>
<header>
<h1>{{title}}</h1>
<p>As of {{made}}</p>
</header>
<main>
{{alerts}}<section class="tiles" aria-label="Totals">
{{tiles}}
</section>
<div class="charts">
<section class="card">
<h2>Licenses by the month they end</h2>
<p class="legend"><i class="first"></i> installed <i class="second"></i> not installed</p>
<ul class="bars">
{{months}}
</ul>
</section>
<section class="card">
<h2>Installations by version</h2>
<p class="legend"><i class="first"></i> not being updated <i class="second"></i> being updated</p>
{{versions}}
</section>
</div>
<section class="card">
<div class="head">
<h2>Licenses and installations</h2>
<label>Find <input type="search" autocomplete="off" spellcheck="false"></label>
<span class="none" id="shown" role="status">{{count}} rows</span>
</div>
<div class="scroll" tabindex="0" role="region" aria-label="Licenses and installations">
<table>
<thead><tr>{{headings}}</tr></thead>
<tbody>
{{rows}}
</tbody>
</table>
</div>
</section>
</main>
<footer>Made by {{version}}. Dates are UTC.</footer>
<script>
{{script}}</script>
</body>
</html>
]]

look.style = [[
:root {
  --back: #f4f5f7; --card: #fff; --text: #1b2430; --quiet: #5b6675; --line: #d9dee5; --track: #e9edf2;
  --first: #2563a8; --second: #d9822b; --good: #1a6b3c; --warn: #8a5300; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #12161c; --card: #1b2129; --text: #e6eaf0; --quiet: #9aa5b4; --line: #323b47; --track: #29313b;
    --first: #6aa8ea; --second: #f0a95a; --good: #6fce97; --warn: #f0b860; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif;
  -webkit-text-size-adjust: 100%;
}
header, main, footer { max-width: 1400px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
header p, footer, .legend, .none, small { color: var(--quiet); }
header p { margin: 4px 0 0; }
h2 { font-size: 1.05rem; margin: 0; }
h3 { font-size: .95rem; margin: 18px 0 6px; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 20px 0; }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: 12px 16px; color: var(--quiet); }
.tile b { display: block; font-size: 1.7rem; line-height: 1.2; color: var(--text); font-variant-numeric: tabular-nums; }
.tile.warn b { color: var(--warn); }
.tile.bad b { color: var(--bad); }
.card { padding: 18px 20px; margin-bottom: 20px; min-width: 0; }
.charts {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 0 20px;
  align-items: start;
}
.legend { margin: 4px 0 12px; font-size: .85rem; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin: 0 2px 0 10px; }
.legend i:first-child { margin-left: 0; }
i.first { background: var(--first); }
i.second { background: var(--second); }
.bars { list-style: none; margin: 0; padding: 0; }
.bars li { display: grid; grid-template-columns: 5.5rem 1fr 3rem; gap: 10px; align-items: center; padding: 3px 0; }
.bars li.none { display: block; }
.label { font-size: .88rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.track { display: flex; height: 14px; background: var(--track); border-radius: 4px; overflow: hidden; }
.track i { display: block; height: 100%; }
.count, .num { font-variant-numeric: tabular-nums; }
.count { text-align: right; font-size: .88rem; }
.head { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center; margin-bottom: 12px; }
.head h2 { margin-right: auto; }
label { display: flex; gap: 8px; align-items: center; color: var(--quiet); }
input {
  font: inherit; color: inherit; background: var(--back); border: 1px solid var(--line); border-radius: 6px;
  padding: 6px 10px; width: 14rem; max-width: 100%; min-width: 0;
}
input { color: var(--text); }
.scroll { overflow-x: auto; margin: 0 -20px; padding: 0 20px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: 8px 12px 8px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { padding: 0; white-space: nowrap; }
th button {
  font: inherit; font-weight: 600; color: var(--quiet); background: none; border: 0; padding: 8px 12px 8px 0;
  cursor: pointer; min-height: 40px;
}
th button:hover { color: var(--text); }
th button::after { content: "\2195"; opacity: .45; margin-left: 5px; }
th[aria-sort=ascending] button, th[aria-sort=descending] button { color: var(--text); }
th[aria-sort=ascending] button::after { content: "\2191"; opacity: 1; }
th[aria-sort=descending] button::after { content: "\2193"; opacity: 1; }
td { max-width: 20rem; min-width: 4.5rem; overflow-wrap: anywhere; }
td:nth-child(-n+2) { min-width: 9rem; }
td.num { white-space: nowrap; }
td small { display: block; }
tr:last-child td { border-bottom: 0; }
.mark { white-space: nowrap; }
.mark.good { color: var(--good); }
.mark.warn { color: var(--warn); font-weight: 600; }
.mark.bad { color: var(--bad); font-weight: 600; }
.alert { border: 1px solid var(--bad); color: var(--bad); border-radius: 10px; padding: 12px 16px; }
footer { padding-bottom: 32px; font-size: .85rem; }
:focus-visible { outline: 2px solid var(--first); outline-offset: 2px; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 520px) {
  header, main, footer { padding-left: 12px; padding-right: 12px; }
  .card { padding: 14px; }
  .scroll { margin: 0 -14px; padding: 0 14px; }
  .tiles { grid-template-columns: 1fr 1fr; }
  label, input { width: 100%; }
}
@media print { .scroll { overflow: visible; } label { display: none; } }
]]

-- Sorting by a heading: once upward, then downward; empty cells stay last.
look.script = [[
(function () {
  var body = document.querySelector("tbody"), heads = [].slice.call(document.querySelectorAll("th"));
  var rows = [].slice.call(body.rows), shown = document.getElementById("shown");
  var order = new Intl.Collator(undefined, { sensitivity: "base" });
  function key(row, column) { return row.cells[column].getAttribute("data-key"); }
  heads.forEach(function (head, column) {
    head.firstChild.addEventListener("click", function () {
      var down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort(function (a, b) {
        var x = key(a, column), y = key(b, column);
        if (!x || !y) return (x ? 0 : 1) - (y ? 0 : 1);
        return (down ? -1 : 1) * order.compare(x, y);
      });
      rows.forEach(function (row) { body.appendChild(row); });
    });
  });
  document.querySelector("input").addEventListener("input", function () {
    var words = this.value.toLowerCase(), count = 0;
    rows.forEach(function (row) {
      var there = row.textContent.toLowerCase().indexOf(words) >= 0;
      row.hidden = !there;
      if (there) count += 1;
    });
    shown.textContent = count === rows.length ? count + " rows" : count + " of " + rows.length + " rows";
  });
})();
]]

return look
