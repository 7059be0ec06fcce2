-- style.lua [--fix] FILE…: what one style of Lua means here, as far as it can
-- be told line by line. luacheck sees the rest (120 columns, white space at
-- the end of lines, names).
--
-- * A string that holds no double quote stands in double quotes.
-- * An `if` of one plain statement stands on one line where that fits in
--   100 columns.
-- * Indentation grows by two columns at a time: nothing is aligned with what
--   stands above it.
-- * Nothing is assigned to the first variable of a loop: Lua 5.5 forbids it.
--
-- --fix mends all but the last in place.

local FITS = 100 -- columns

-- Splits a text at what only a lexer can tell: calls
-- `visit(kind, first, last)` for each short string, long string or long
-- comment, and comment.
local function scan(text, visit)
  local pos = 1
  while true do
    local start = text:find("[\"'%-%[]", pos)
    if not start then return end
    local first = text:sub(start, start)
    local level = text:match("^%[(=*)%[", start) or text:match("^%-%-%[(=*)%[", start)
    if level then
      local _, last = text:find("]" .. level .. "]", start, true)
      visit("long", start, assert(last, "a long bracket has no end"))
      pos = last + 1
    elseif text:find("^%-%-", start) then
      local last = (text:find("\n", start, true) or #text + 1) - 1
      visit("comment", start, last)
      pos = last + 1
    elseif first == '"' or first == "'" then
      local last = start
      repeat
        last = assert(text:find("[\\" .. first .. "]", last + 1), "a string has no end")
        local escape = text:sub(last, last) == "\\"
        if escape then last = last + 1 end
      until not escape
      visit("string", start, last)
      pos = last + 1
    else
      pos = start + 1
    end
  end
end

-- The text with double quotes wherever they do, and how often they were not
-- there: an array of positions.
local function quotes(text)
  local parts, from, found = {}, 1, {}
  scan(text, function(kind, first, last)
    local inside = text:sub(first + 1, last - 1)
    if kind ~= "string" or text:sub(first, first) == '"' or inside:find('"', 1, true) then return end
    found[#found + 1] = first
    parts[#parts + 1] = text:sub(from, first - 1) .. '"' .. inside:gsub("\\'", "'") .. '"'
    from = last + 1
  end)
  return table.concat(parts) .. text:sub(from), found
end

-- The numbers of lines that begin within a long string or comment.
local function lines_inside(text)
  local inside = {}
  scan(text, function(kind, first, last)
    if kind ~= "long" then return end
    local _, number = text:sub(1, first):gsub("\n", "")
    local _, count = text:sub(first, last):gsub("\n", "")
    for i = number + 2, number + 1 + count do inside[i] = true end
  end)
  return inside
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

-- The `if` that begins in this line as one line; nil where it is none, or is
-- more than fits.
local function joined(lines, i)
  local indent, head = lines[i]:match "^( *)(if .* then)$"
  if not head or lines[i + 2] ~= indent .. "end" then return nil end
  local body = lines[i + 1]:match "^ *(.-)$"
  if body == "" or body:find "%-%-" or body:find "%f[%w_]function%f[^%w_]" then return nil end
  for _, word in ipairs { "if", "for", "while", "repeat", "do", "local" } do
    if body:find("^" .. word .. "%f[^%w_]") then return nil end
  end
  local line = indent .. head .. " " .. body .. " end"
  return #line <= FITS and line or nil
end

-- Reports assignments to the first variable of a loop, line by line. `loops`
-- are those that are open: their indentation, and the name, false once another
-- variable has it. `before` is the line before: in a table there are fields.
local function check_loops(loops, line, indent, before, report)
  while loops[1] and indent <= loops[#loops].indent do table.remove(loops) end
  local name = line:match "^ *for ([%a_][%w_]*)"
  local declared = name or line:match "^ *local ([%w_, ]+)"
  local assigned = not declared and not before:find "[,{(]$" and line:match "^ *([%a_][%w_, ]*) = "
  for _, loop in ipairs(loops) do
    for word in (declared or assigned or ""):gmatch "[%w_]+" do
      if word == loop.name and assigned then report "the first variable of a loop is constant in Lua 5.5" end
      if word == loop.name and declared then loop.name = false end
    end
  end
  if name then loops[#loops + 1] = { indent = indent, name = name } end
end

local function check(path, text, report)
  local _, single = quotes(text)
  for _, pos in ipairs(single) do
    local _, before = text:sub(1, pos):gsub("\n", "")
    report(path, before + 1, "a string without a double quote stands in double quotes")
  end
  local lines, inside, last = lines_of(text), lines_inside(text), 0
  local loops = {}
  for i, line in ipairs(lines) do
    if not inside[i] and line ~= "" then
      local indent = #line:match "^ *"
      check_loops(loops, line, indent, lines[i - 1] or "", function(what) report(path, i, what) end)
      if indent > last + 2 or indent % 2 == 1 then report(path, i, "indentation grows by two columns at a time") end
      if joined(lines, i) then report(path, i, "an if of one statement stands on one line") end
      last = indent
    end
  end
end

-- Each deeper indentation as two columns, whatever it was.
local function indented(text)
  local lines, inside = lines_of(text), lines_inside(text)
  local olds, news = { 0 }, { 0 }
  for i, line in ipairs(lines) do
    if not inside[i] and line ~= "" then
      local indent = #line:match "^ *"
      while olds[#olds] > indent do olds[#olds], news[#news] = nil, nil end
      if olds[#olds] < indent then olds[#olds + 1], news[#news + 1] = indent, news[#news] + 2 end
      lines[i] = (" "):rep(news[#news]) .. line:sub(indent + 1)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

local function fix(text)
  text = indented(quotes(text))
  local lines, inside = lines_of(text), lines_inside(text)
  local fixed, i = {}, 1
  while lines[i] do
    local line = not inside[i] and joined(lines, i)
    fixed[#fixed + 1] = line or lines[i]
    i = i + (line and 3 or 1)
  end
  return table.concat(fixed, "\n") .. "\n"
end

local failed = 0
local mends = arg[1] == "--fix"
for i = mends and 2 or 1, #arg do
  local file <close> = assert(io.open(arg[i], "rb"))
  local text = file:read "a"
  if mends then
    local fixed = fix(text)
    assert(fixed:gsub("%s+", "") == quotes(text):gsub("%s+", ""), arg[i])
    if fixed ~= text then
      local out <close> = assert(io.open(arg[i], "wb"))
      assert(out:write(fixed))
    end
  else
    check(arg[i], text, function(path, line, what)
      failed = failed + 1
      print(("%s:%d: %s"):format(path, line, what))
    end)
  end
end
os.exit(failed == 0)
