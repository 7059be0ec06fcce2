--- CSV as RFC 4180 has it, safe to open in a spreadsheet.
--
-- A text that a spreadsheet would take for a formula gets an apostrophe in
-- front, which `parse` takes away again. Control characters are written as
-- `\u{1B}`: a row is one line, and a terminal shows it as it is.

local plain = require "recipe.plain"

local csv = {}

-- What a spreadsheet's formula begins with; blanks may stand before it.
local FORMULA = {
  ["="] = true, ["+"] = true, ["-"] = true, ["@"] = true,
  ["\u{FF1D}"] = true, ["\u{FF0B}"] = true, ["\u{FF0D}"] = true, ["\u{FF20}"] = true,
}
local FIRST = " *(" .. utf8.charpattern .. ")"

-- Whether a text is a formula behind so many apostrophes (a pattern).
local function is_formula(text, apostrophes)
  return FORMULA[text:match("^" .. apostrophes .. FIRST)] == true
end

local function cell(value)
  if value == nil then return "" end
  if type(value) == "number" then return tostring(value) end
  local text = plain.text(value)
  if is_formula(text, "'*") then text = "'" .. text end
  if text:find '[",]' then return '"' .. text:gsub('"', '""') .. '"' end
  return text
end

--- One line of CSV, with its line feed. `n` is the number of cells, for rows
-- with nil in them.
function csv.line(row, n)
  local cells = {}
  for i = 1, n or #row do cells[i] = cell(row[i]) end
  return table.concat(cells, ",") .. "\n"
end

-- One cell from a position: its text, the position behind it.
local function read_cell(text, at)
  if text:sub(at, at) ~= '"' then
    local value, behind = text:match('^([^,\r\n"]*)()', at)
    return value, behind
  end
  local parts = {}
  repeat
    local part, behind = text:match('^"([^"]*)"()', at)
    if not part then return nil end
    parts[#parts + 1] = part
    at = behind
  until text:sub(at, at) ~= '"'
  return table.concat(parts, '"'), at
end

local function without_apostrophe(value)
  return is_formula(value, "'+") and value:sub(2) or value
end

-- Adds the cells of a line to rows, by name; nil and a message where there
-- are too many or too few.
local function add_row(rows, names, row, line)
  if #row == 1 and row[1] == "" then return true end
  if #row ~= #names then return nil, ("line %d: %d cells, expected %d"):format(line, #row, #names) end
  local record = { line = line }
  for i, name in ipairs(names) do record[name] = without_apostrophe(row[i]) end
  rows[#rows + 1] = record
  return true
end

--- Reads a text whose first line has the columns' names. Returns an array of
-- rows, each a table by name with `line`, where it begins, and the names; or
-- nil and what is wrong.
function csv.parse(text)
  local names, rows, row = nil, {}, {}
  local at, line, first = 1, 1, 1
  text = text:gsub("^\u{FEFF}", ""):gsub("([^\n])$", "%1\n")
  while at <= #text do
    local value, behind = read_cell(text, at)
    local mark, next_at
    if value then
      mark, next_at = text:match("^(,)()", behind)
      if not mark then mark, next_at = text:match("^(\r?\n)()", behind) end
    end
    if not mark then return nil, ("line %d: a quote is out of place"):format(line) end
    row[#row + 1] = value
    line = line + select(2, text:sub(at, next_at - 1):gsub("\n", ""))
    at = next_at
    if mark ~= "," then
      local good, message = true, nil
      if names then good, message = add_row(rows, names, row, first) end
      if not good then return nil, message end
      names, row, first = names or row, {}, line
    end
  end
  return rows, names or {}
end

return csv
