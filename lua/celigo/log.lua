-- Writes one JSON line for each event of a client to a file.

--- @module celigo

local base = require "celigo.base"

local encode = base.json.encode

-- The members of a line, in an order that is good to read.
local FIELDS = {
  "type", "operation", "method", "path", "page", "attempt", "status", "elapsed", "wait", "bytes", "error",
}

-- Seconds to the microsecond; string.format depends on the locale.
local function rounded(value)
  local seconds = math.floor(value * 1e6 + 0.5) / 1e6
  return math.tointeger(seconds) or seconds
end

local function json_text(value)
  if math.type(value) == "float" then return encode(rounded(value)) end
  return base.plain(encode(value) or encode((tostring(value):gsub("[^\32-\126]", "?"))), true)
end

local function line_of(event)
  local members = { ('"time":"%s"'):format(os.date "!%Y-%m-%dT%H:%M:%SZ") }
  for _, name in ipairs(FIELDS) do
    local value = event[name]
    if value ~= nil then members[#members + 1] = ('"%s":%s'):format(name, json_text(value)) end
  end
  return ("{%s}\n"):format(table.concat(members, ","))
end

--- Makes an `on_event` callback that writes one JSON line for each event:
-- the time in UTC, and the event's fields. Each line is written whole and at
-- once, so that several processes can append to one file. It is the same text
-- on a terminal and in a pipe. A line that cannot be written (a full disk) is
-- lost; the calls go on.
-- @function log
-- @tparam file file an open one, such as `io.stderr`; it stays the caller's
-- @treturn function for `on_event`
-- @raise where file is no open file, and in a host that has not opened Lua's
--   io and os libraries
-- @usage
-- local file <close> = assert(io.open(path, "a"))
-- local client <close> = celigo.new { on_event = celigo.log(file) }
-- assert(client:list_connectors())
return function(file)
  if type(file) == "table" and rawget(file, "parse_timestamp") then -- the module itself
    error("celigo.log: it is called with a dot, not a colon: celigo.log(file)", 2)
  end
  if not io or not os then
    error("log: this host has not opened Lua's io and os libraries, which it writes with", 2)
  end
  if io.type(file) ~= "file" then
    error(("log: expected an open file, got a %s; such as celigo.log(io.stderr)"):format(
      io.type(file) or type(file)), 2)
  end
  return function(event)
    if file:write(line_of(event)) then file:flush() end
  end
end
