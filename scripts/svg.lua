--- The two pictures of the README, as SVG on the standard output.
--
--     lua5.4 scripts/svg.lua terminal <output.txt    # text with ANSI styles
--     lua5.4 scripts/svg.lua speed <figures.csv      # workload,peer,milliseconds
--
-- scripts/pictures.sh makes both.

local escapes <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function escape(text)
  return (text:gsub('[&<>"]', escapes))
end

local out = {}
local function add(format, ...)
  out[#out + 1] = select("#", ...) == 0 and format or format:format(...)
end

-- {====== The terminal

local COLUMNS <const>, CELL <const>, ROW <const> = 96, 7.83, 18
local LEFT <const>, TOP <const> = 16, 52
local styles <const> = { ["1"] = "b", ["2"] = "d", ["31"] = "r", ["32"] = "g" }

-- Which steps of the tour are shown; a mark stands for those left out.
local shown <const> = { [1] = true, [2] = true, [3] = true, [5] = true, [7] = true }

-- The pieces of a line, { style, text }, and its length in characters.
local function pieces_of(line)
  local pieces, style, length = {}, nil, 0
  for text, code in (line .. "\27[0m"):gmatch "([^\27]*)\27%[(%d*)m" do
    if text ~= "" then
      pieces[#pieces + 1] = { style, text }
      length = length + utf8.len(text)
    end
    style = styles[code]
  end
  return pieces, length
end

-- Cuts lines where a terminal of that width would.
local function wrap(pieces, rows)
  local row, free = {}, COLUMNS
  for _, piece in ipairs(pieces) do
    local style, text = piece[1], piece[2]
    while utf8.len(text) > free do
      local cut = utf8.offset(text, free + 1)
      row[#row + 1] = { style, text:sub(1, cut - 1) }
      rows[#rows + 1] = row
      row, free, text = {}, COLUMNS, text:sub(cut)
    end
    row[#row + 1] = { style, text }
    free = free - utf8.len(text)
  end
  rows[#rows + 1] = row
end

local function read_rows()
  local rows, keep, gap = { { { "g", "$ " }, { nil, "make demo" } } }, true, false
  for line in io.lines() do
    local pieces, length = pieces_of((line:gsub("\r$", "")))
    local step = length > 0 and tonumber(pieces[1][2]:match "^(%d+)%. ")
    if step then
      keep = shown[step] or false
      if not keep and not gap then rows[#rows + 1] = { { "d", "⋮" } } end
      gap = not keep
      if keep and #rows[#rows] > 0 then rows[#rows + 1] = {} end
    end
    if keep then wrap(pieces, rows) end
  end
  while #rows[#rows] == 0 do rows[#rows] = nil end
  return rows
end

local function terminal()
  local rows = read_rows()
  local width, height = math.ceil(COLUMNS * CELL) + 2 * LEFT, #rows * ROW + TOP + 8
  add('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">',
    width, height, width, height)
  add "<title>What make demo prints: connectors, a trial license, an install base, errors</title>"
  add([[<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d5d9e0;
  white-space: pre }
.b { font-weight: bold; fill: #ffffff } .d { fill: #8f98a6 } .r { fill: #ff7b72 } .g { fill: #56d364 }
</style>]])
  add('<rect width="%d" height="%d" rx="9" fill="#14181f"/>', width, height)
  for i, fill in ipairs { "#ff5f57", "#febc2e", "#28c840" } do
    add('<circle cx="%d" cy="20" r="5.5" fill="%s"/>', 4 + 18 * i, fill)
  end
  for i, row in ipairs(rows) do
    local column, spans = 0, {}
    for _, piece in ipairs(row) do
      local length = utf8.len(piece[2])
      spans[#spans + 1] = ('<tspan%s x="%.1f" textLength="%.1f">%s</tspan>'):format(
        piece[1] and (' class="%s"'):format(piece[1]) or "", LEFT + column * CELL, length * CELL, escape(piece[2]))
      column = column + length
    end
    if spans[1] then
      add('<text y="%d" xml:space="preserve">%s</text>', TOP + (i - 1) * ROW, table.concat(spans))
    end
  end
  add "</svg>"
end

-- }======

-- {====== The chart

local titles <const> = {
  W1 = "2,000 reads, one after another",
  W3 = "500 lists of 20 records, 16 at a time",
  W4 = "20 pages of 1,000 records, one record at a time",
}
local names <const> = {
  celigo = "celigo", plain = "libcurl binding, lua-cjson", socket = "LuaSocket, lua-cjson",
  ["socket in turn"] = "LuaSocket, one at a time", requests = "Python requests", httpx = "Python httpx",
  fetch = "Node fetch",
}

local function read_figures()
  local groups, by_name = {}, {}
  for line in io.lines() do
    local workload, peer, ms = line:match "^(%w+),([^,]+),([%d.]+)$"
    if workload then
      if not by_name[workload] then
        by_name[workload] = { name = workload }
        groups[#groups + 1] = by_name[workload]
      end
      table.insert(by_name[workload], { peer = peer, ms = tonumber(ms) })
    end
  end
  return groups
end

local function speed()
  local groups = read_figures()
  local LABEL <const>, BAR <const>, STEP <const>, WIDTH <const> = 200, 440, 21, 760
  local height = 44
  for _, group in ipairs(groups) do height = height + 42 + #group * STEP end
  add('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">',
    WIDTH, height, WIDTH, height)
  add "<title>CPU time of celigo and of what else could be used; shorter is better</title>"
  add([[<style>
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.t { font-weight: 600 } .n { fill: #59636e } .c { fill: #0b6bcb } .o { fill: #b6bfca } .p { fill: #ffffff }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .n { fill: #9198a1 } .c { fill: #4493f8 } .o { fill: #4d5663 } .p { fill: #0d1117 } }
</style>]])
  add('<rect class="p" width="%d" height="%d" rx="8"/>', WIDTH, height)
  local y = 18
  for _, group in ipairs(groups) do
    local most = 0
    for _, row in ipairs(group) do most = math.max(most, row.ms) end
    y = y + 18
    add('<text class="t" x="16" y="%d">%s</text>', y, titles[group.name])
    y = y + 8
    for _, row in ipairs(group) do
      local own, length = row.peer == "celigo", row.ms / most * BAR
      add('<text%s x="%d" y="%d" text-anchor="end">%s</text>', own and ' class="t"' or "", LABEL, y + 15,
        escape(names[row.peer]))
      add('<rect class="%s" x="%d" y="%d" width="%.1f" height="14" rx="2"/>', own and "c" or "o", LABEL + 10, y + 4,
        length)
      add('<text class="%s" x="%.1f" y="%d">%.0f ms</text>', own and "t" or "n", LABEL + 16 + length, y + 15, row.ms)
      y = y + STEP
    end
    y = y + 16
  end
  add([[<text class="n" x="16" y="%d">CPU time of the client, one run on one machine; shorter is better.</text>]],
    height - 14)
  add "</svg>"
end

-- }======

local makers = { terminal = terminal, speed = speed }
local make = assert(makers[arg[1]], "usage: svg.lua terminal|speed")
make()
io.write(table.concat(out, "\n"), "\n")
