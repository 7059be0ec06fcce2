--- Text of others, made safe: names of customers can hold anything, and are
-- shown on terminals, in rows, and in spreadsheets.

local celigo = require "celigo"

local plain = {}

-- Ranges of code points that steer a terminal or break a row: C0, DEL and C1,
-- marks of writing direction, line and paragraph separators, the byte order
-- mark.
local CONTROLS = {
  { 0x00, 0x1F }, { 0x7F, 0x9F }, { 0x61C, 0x61C }, { 0x200E, 0x200F }, { 0x2028, 0x202E },
  { 0x2066, 0x2069 }, { 0xFEFF, 0xFEFF },
}

local function is_in(ranges, code)
  for _, range in ipairs(ranges) do
    if code >= range[1] and code <= range[2] then return true end
  end
  return false
end

-- A text with U+FFFD in place of each byte that is no UTF-8.
local function repaired(text)
  local parts, at = {}, 1
  while true do
    local length, bad = utf8.len(text, at)
    if length then
      parts[#parts + 1] = text:sub(at)
      return table.concat(parts)
    end
    parts[#parts + 1] = text:sub(at, bad - 1) .. "\u{FFFD}"
    at = bad + 1
  end
end

-- A text with every control character as `format` writes its number.
local function escaped(text, format)
  return (text:gsub(utf8.charpattern, function(character)
    local code = utf8.codepoint(character)
    return is_in(CONTROLS, code) and format:format(code) or nil
  end))
end

--- What a value says. Of an error the line of the recipe that met it is left
-- out: whoever runs a recipe has not written it.
function plain.words(value)
  if not celigo.is_error(value) or not value.where then return tostring(value) end
  local where = value.where
  value.where = nil
  local words = tostring(value)
  value.where = where
  return words
end

--- Any value as text that cannot steer a terminal: ESC is `\u{1B}`.
function plain.text(value)
  local text = plain.words(value)
  if not text:find "[^\32-\126]" then return text end
  return escaped(repaired(text), "\\u{%X}")
end

--- The same for a text that is JSON, which knows an escape of its own.
function plain.json(text)
  if not text:find "[^\32-\126]" then return text end
  return escaped(text, "\\u%04x")
end

-- Characters of two columns, and of none.
local WIDE = {
  { 0x1100, 0x115F }, { 0x2E80, 0xA4CF }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF }, { 0xFE30, 0xFE6F },
  { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1F64F }, { 0x1F900, 0x1F9FF }, { 0x20000, 0x3FFFD },
}
local WITHOUT = { { 0x300, 0x36F }, { 0x200B, 0x200D }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F } }

--- How many columns of a terminal a text takes.
function plain.width(text)
  if not text:find "[\128-\255]" then return #text end
  local width = 0
  for _, code in utf8.codes(text) do
    width = width + (is_in(WIDE, code) and 2 or is_in(WITHOUT, code) and 0 or 1)
  end
  return width
end

--- Ids for a line: all of them, for there may be no other record.
function plain.list(ids)
  return table.concat(ids, ", ")
end

return plain
