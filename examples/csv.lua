--- CSV as RFC 4180 has it, for the examples.

local csv = {}

local function cell(value)
  local text = value == nil and "" or tostring(value)
  if text:find '[",\r\n]' then return '"' .. text:gsub('"', '""') .. '"' end
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

--- Reads a text whose first line has the columns' names. Returns an array of
-- rows, each a table by name with `line`, where it begins; or nil and what
-- is wrong.
function csv.parse(text)
  local names, rows, row = nil, {}, {}
  local at, line, first = 1, 1, 1
  text = text:gsub("^\u{FEFF}", ""):gsub("([^\n])$", "%1\n")
  while at <= #text do
    local value, behind = read_cell(text, at)
    local mark, next_at = text:match("^(,)()", behind)
    if not mark then mark, next_at = text:match("^(\r?\n)()", behind) end
    if not value or not mark then return nil, ("line %d: a quote is out of place"):format(line) end
    row[#row + 1] = value
    line = line + select(2, text:sub(at, next_at - 1):gsub("\n", ""))
    at = next_at
    if mark ~= "," then
      if not names then
        names = row
      elseif #row > 1 or row[1] ~= "" then
        if #row ~= #names then
          return nil, ("line %d: %d cells, expected %d"):format(first, #row, #names)
        end
        local record = { line = first }
        for i, name in ipairs(names) do record[name] = row[i] end
        rows[#rows + 1] = record
      end
      row, first = {}, line
    end
  end
  return rows, names or {}
end

return csv
