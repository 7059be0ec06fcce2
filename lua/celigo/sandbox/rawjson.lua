--- JSON as text: objects and arrays are split into their members' own text,
-- so that what was stored is given back exactly as it came (empty arrays,
-- integers beyond 2^53, `1.0`), which a decoder to Lua values would not do.
--
-- The grammar is RFC 8259's, strictly; single values are decoded with
-- lua-cjson.

local cjson = require("cjson").new()

local MAX_DEPTH = 512

local rawjson = {}

local scan -- forward: values nest

local function skip_space(text, pos)
  return (text:find("[^ \t\r\n]", pos)) or #text + 1
end

local function fail(pos, what)
  error({ rawjson = true, message = what .. " at byte " .. pos }, 0)
end

-- Each scan_* takes the position of a value's first byte and returns that
-- after its last.
local function scan_string(text, pos)
  local at = pos + 1
  while true do
    at = text:find('[%z\1-\31"\\]', at)
    local byte = at and text:byte(at)
    if byte == 34 then
      return at + 1
    elseif byte ~= 92 then
      fail(at or #text + 1, "unfinished string")
    elseif text:find('^["\\/bfnrt]', at + 1) then
      at = at + 2
    elseif text:find("^u%x%x%x%x", at + 1) then
      at = at + 6
    else
      fail(at, "invalid escape")
    end
  end
end

local function scan_number(text, pos)
  local at = text:match("^%-?0()", pos) or text:match("^%-?[1-9]%d*()", pos)
  if not at then fail(pos, "invalid value") end
  at = text:match("^%.%d+()", at) or at
  at = text:match("^[eE][+-]?%d+()", at) or at
  if text:find("^[%w.+-]", at) then fail(at, "invalid number") end
  return at
end

local function scan_word(text, pos)
  local word, at = text:match("^(%a+)()", pos)
  if word ~= "true" and word ~= "false" and word ~= "null" then return fail(pos, "invalid value") end
  return at
end

-- `visit(first, last)` is called with the bounds of each element.
local function scan_array(text, pos, depth, visit)
  local at = skip_space(text, pos + 1)
  if text:sub(at, at) == "]" then return at + 1 end
  while true do
    local after = scan(text, at, depth)
    if visit then visit(at, after - 1) end
    at = skip_space(text, after)
    local separator = text:sub(at, at)
    if separator == "]" then
      return at + 1
    elseif separator ~= "," then
      fail(at, "expected ',' or ']'")
    end
    at = skip_space(text, at + 1)
  end
end

-- `visit(first, last, key_first, key_last)` is called for each member.
local function scan_object(text, pos, depth, visit)
  local at = skip_space(text, pos + 1)
  if text:sub(at, at) == "}" then return at + 1 end
  while true do
    if text:sub(at, at) ~= '"' then fail(at, "expected a member name") end
    local key_end = scan_string(text, at)
    local colon = skip_space(text, key_end)
    if text:sub(colon, colon) ~= ":" then fail(colon, "expected ':'") end
    local value = skip_space(text, colon + 1)
    local after = scan(text, value, depth)
    if visit then visit(value, after - 1, at, key_end - 1) end
    at = skip_space(text, after)
    local separator = text:sub(at, at)
    if separator == "}" then
      return at + 1
    elseif separator ~= "," then
      fail(at, "expected ',' or '}'")
    end
    at = skip_space(text, at + 1)
  end
end

function scan(text, pos, depth)
  local first = text:sub(pos, pos)
  if first == "{" or first == "[" then
    if depth >= MAX_DEPTH then fail(pos, "too many levels") end
    return (first == "{" and scan_object or scan_array)(text, pos, depth + 1)
  elseif first == '"' then
    return scan_string(text, pos)
  elseif first:find "%a" then
    return scan_word(text, pos)
  end
  return scan_number(text, pos)
end

-- Runs a scan over a whole text; what `fail` raised becomes nil, message.
local function whole(text, body)
  local valid, bad = utf8.len(text)
  if not valid then return nil, "invalid UTF-8 at byte " .. bad end
  local ok, after = pcall(function()
    local pos = body(skip_space(text, 1))
    local rest = skip_space(text, pos)
    if rest <= #text then fail(rest, "text after the value") end
  end)
  if ok then
    return true
  elseif type(after) == "table" and after.rawjson then
    return nil, after.message
  end
  error(after, 0)
end

--- "object", "array", "string", "number", "boolean" or "null": the type of a
-- value's text.
function rawjson.kind(raw)
  local first = raw:match "^[ \t\r\n]*(.)"
  if first == "{" then
    return "object"
  elseif first == "[" then
    return "array"
  elseif first == '"' then
    return "string"
  elseif first == "t" or first == "f" then
    return "boolean"
  end
  return first == "n" and "null" or "number"
end

--- Whether a text is one valid JSON value: true, or nil and a message.
function rawjson.check(text)
  return whole(text, function(pos) return scan(text, pos, 0) end)
end

--- The value of a valid text, by lua-cjson. For strings, numbers and booleans;
-- a table would lose what this module keeps. A string that lua-cjson refuses (a
-- lone surrogate) is returned as it is written.
function rawjson.value(raw)
  local ok, values = pcall(cjson.decode, "[" .. raw .. "]")
  if ok then return values[1] end
  return (raw:gsub('^"(.*)"$', "%1"))
end

--- An object's text as a table, by lua-cjson; raises if it is not an object.
-- Members that are null are left out.
function rawjson.table(text)
  local object = cjson.decode(text)
  for name, value in pairs(object) do
    if value == cjson.null then object[name] = nil end
  end
  return object
end

--- Splits an object's text: an array of { name, key, raw } in the order of the
-- text; `key` is the name as written, quotes included. Of members with the same
-- name the last one counts. nil and a message if the text is not an object.
function rawjson.members(text)
  local list, by_name = {}, {}
  local function visit(first, last, key_first, key_last)
    local key = text:sub(key_first, key_last)
    local name, raw = rawjson.value(key), text:sub(first, last)
    if by_name[name] then
      by_name[name].raw = raw
    else
      by_name[name] = { name = name, key = key, raw = raw }
      list[#list + 1] = by_name[name]
    end
  end
  local ok, message = whole(text, function(pos)
    if text:sub(pos, pos) ~= "{" then fail(pos, "expected an object") end
    return scan_object(text, pos, 1, visit)
  end)
  if not ok then return nil, message end
  return list
end

--- Splits an array's text into its elements' texts; nil and a message if the
-- text is not an array.
function rawjson.elements(text)
  local list = {}
  local ok, message = whole(text, function(pos)
    if text:sub(pos, pos) ~= "[" then fail(pos, "expected an array") end
    return scan_array(text, pos, 1, function(first, last)
      list[#list + 1] = text:sub(first, last)
    end)
  end)
  if not ok then return nil, message end
  return list
end

-- The string as UTF-8: bytes that are none become U+FFFD.
local function as_utf8(s)
  local good, bad = utf8.len(s)
  if good then return s end
  local parts, from = {}, 1
  while not good do
    parts[#parts + 1] = s:sub(from, bad - 1)
    from = bad + 1
    good, bad = utf8.len(s, from)
  end
  parts[#parts + 1] = s:sub(from)
  return table.concat(parts, "\u{FFFD}")
end

--- The JSON text of a string, with `/` as it is.
function rawjson.string(s)
  return (cjson.encode(as_utf8(s)):gsub("\\/", "/"))
end

--- The text of an object with these members; `key` may be missing.
function rawjson.join_members(list)
  local parts = {}
  for i, member in ipairs(list) do
    local key = member.key or rawjson.string(member.name)
    parts[i] = key .. ":" .. member.raw
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- The text of an array with these elements.
function rawjson.join_elements(list)
  return "[" .. table.concat(list, ",") .. "]"
end

return rawjson
