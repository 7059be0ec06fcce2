-- Read, change, write back: client:edit_connector and
-- client:edit_connector_license.

local core = require "celigo.core"
core.hide_file()
local base = require "celigo.base"
local errors = require "celigo.errors"
local tasks = require "celigo.tasks"

local null = base.json.null

-- {====== What a write has dropped or changed

-- Members that the service makes itself; they are never sent.
local read_only = { _id = true, handle = true, lastModified = true, numInstalls = true }

-- A path as in messages: a.b[3], or ["a b"] if a name is not a word.
local function member_path(path, key)
  if type(key) == "number" then return ("%s[%d]"):format(path, key) end
  if not key:find "^[A-Za-z_][A-Za-z0-9_]*$" then return ("%s[%s]"):format(path, base.json.encode(key)) end
  return path == "" and key or path .. "." .. key
end

-- Whether two values that are not tables are the same. Times may be written in
-- another form: the service has its own.
local function same_scalar(sent, returned)
  if sent == returned or sent == null and returned == nil then return true end
  if type(sent) ~= "string" or type(returned) ~= "string" then return false end
  local seconds = base.time.parse_timestamp(sent)
  return seconds ~= nil and seconds == base.time.parse_timestamp(returned)
end

-- Whether a value came back with everything that was in it.
local function same(sent, returned)
  if type(sent) ~= "table" or type(returned) ~= "table" then return same_scalar(sent, returned) end
  for key, value in pairs(sent) do
    if not same(value, returned[key]) then return false end
  end
  return true
end

-- For an array that came back shorter. The elements that are left are in their
-- old order.
local function compare_shorter(sent, returned, path, found)
  local next_returned = 1
  for i, value in ipairs(sent) do
    if next_returned <= #returned and same(value, returned[next_returned]) then
      next_returned = next_returned + 1
    else
      table.insert(found.dropped, member_path(path, i))
    end
  end
end

-- Adds the paths of members that were sent and are missing, or have another
-- value. A null may come back as a missing member.
local function compare(sent, returned, path, found)
  if #sent > #returned then return compare_shorter(sent, returned, path, found) end
  for key, value in pairs(sent) do
    local there = returned[key]
    local here = member_path(path, key)
    if there == nil then there = null end
    if type(value) == "table" and type(there) == "table" then
      compare(value, there, here, found)
    elseif there == null and value ~= null or type(value) == "table" then
      table.insert(found.dropped, here)
    elseif not same_scalar(value, there) then
      table.insert(found.changed, here)
    end
  end
end

-- The sorted paths of what the service left out of a record that was sent, and
-- of what it has changed.
local function differences(record, returned)
  local sent, found = {}, { dropped = {}, changed = {} }
  for key, value in pairs(record) do
    if not read_only[key] then sent[key] = value end
  end
  if type(returned) == "table" then compare(sent, returned, "", found) end
  table.sort(found.dropped)
  table.sort(found.changed)
  return found.dropped, found.changed
end

-- }======

-- {====== What the function has changed

local function copy_of(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, member in pairs(value) do copy[key] = copy_of(member) end
  local mark = getmetatable(value)
  return type(mark) == "table" and setmetatable(copy, mark) or copy
end

-- Identifies a fault without positions in arrays: the function may have moved
-- elements.
local function fault_key(fault)
  local text = ("%s\0%s\0%s"):format(fault.code, fault.field or "", errors.message_of(fault))
  return (text:gsub("%[%d+%]", "[]"))
end

-- The faults that the record did not have when it was read.
local function new_faults(faults, old)
  local known, new = {}, {}
  for _, fault in ipairs(old) do
    local key = fault_key(fault)
    known[key] = (known[key] or 0) + 1
  end
  for _, fault in ipairs(faults) do
    local key = fault_key(fault)
    local left = known[key] or 0
    if left > 0 then known[key] = left - 1 else new[#new + 1] = fault end
  end
  return new
end

local function with_option(options, name, value)
  local copy = {}
  for key, member in pairs(options or {}) do copy[key] = member end
  copy[name] = value
  return copy
end

-- Writes a record. Only new faults count: those that the record already had
-- when it was read come from the service, not from the program.
local function write(put, before, sent, options)
  local value, response = put(sent, options)
  if value ~= nil or response.kind ~= "validation" or #response.errors == 0 then return value, response end
  local dry, old = put(before, with_option(options, "dry_run", true))
  if dry ~= nil or old.kind ~= "validation" then return value, response end
  local faults = new_faults(response.errors, old.errors)
  if #faults > 0 then return nil, errors.narrow(response, faults) end
  return put(sent, with_option(options, "validate", false))
end

-- }======

-- Wrong arguments raise with the user's position, before anything is sent.
-- Returns the call of the read, which is not sent, for errors. The method's
-- other arguments follow the function.
local function check(client, what, name, arguments, edit, ...)
  local good, call = pcall(core.fetch, client, what, name, ...)
  if not good then error(call, call == "not enough memory" and 0 or 3) end
  local wrong = tasks.not_a_function(edit, "record", ("%s(%s, edit[, options])"):format(what, arguments))
  if wrong then error(("%s: %s"):format(what, wrong), 3) end
  return call
end

-- Refuses options that stand in the record by mistake: they would be sent.
local function check_record(what, record)
  for _, name in ipairs { "dry_run", "max_retries" } do
    if record[name] ~= nil then
      local where = core.where() -- a level could be that of a tail call
      error(("%s%s: '%s' is an option, and options come after the function: %s(..., edit, { %s = ... })"):format(
        where and where .. ": " or "", what, name, what, name), 0)
    end
  end
end

local array_mark = getmetatable(base.array {})

-- The kind of value that a read has answered, in words; "object" for a record.
local function kind_of(value)
  if value == null then return "null" end
  if type(value) ~= "table" then return "a " .. type(value) end
  return (getmetatable(value) == array_mark or value[1] ~= nil) and "an array" or "object"
end

-- The error for a read whose answer is not a record: if it were put back, it
-- would replace one.
local function no_record(call, kind, response)
  local err = core.record_error(call, "expected an object, got " .. kind)
  for _, name in ipairs { "status", "headers", "attempts", "elapsed" } do err[name] = response[name] end
  return err
end

-- Reads by `get`, calls the function, writes by `put`.
local function edit_record(method, edit, options, get, put)
  local record, response = get(options)
  if record == nil then return nil, response end
  local kind = kind_of(record)
  if kind ~= "object" then return nil, no_record(method.call, kind, response) end
  local before = copy_of(record)
  local answer, message = edit(record)
  if answer == nil and message ~= nil then return nil, message end
  if answer == false then return before, response end
  local sent = type(answer) == "table" and answer or record
  check_record(method.name, sent)
  local value, written = write(put, before, sent, options)
  if value ~= nil and written then -- a dry run has no response
    written.dropped, written.changed = differences(sent, value)
  end
  return value, written
end

local methods = core.methods

--- @classmod celigo.client

--- Read, change, write back
-- @section edit

--- Reads a connector, lets a function change it, and writes it back.
-- Members that no contract names and empty arrays survive; what the service
-- makes itself is not sent. Per-call options are for both calls.
-- @function edit_connector
-- @tparam string id the connector's
-- @tparam function edit called with the record. What it returns: `false`
--   writes nothing; `nil` and a message write nothing, and are returned; a table
--   is written instead of the record; any other value counts for nothing. An
--   error in it writes nothing and goes on. Only what it changes is judged: a
--   fault that the record had when it was read is no reason to refuse.
-- @tparam[opt] table options the per-call options; `dry_run` reads, and
--   returns what would be put
-- @return the connector that the write returned (as it was read where nothing
--   was written) and the response, or nil and an error object (or the
--   function's message); `response.dropped` lists the paths of what was sent
--   and did not come back, `response.changed` of what came back with another
--   value: the service can answer 200 and leave out what it finds invalid
-- @usage
-- client:edit_connector(id, function(connector)
--   connector.published = true
-- end)
function methods.edit_connector(client, id, edit, options, ...)
  local method = { name = "edit_connector", reads = "get_connector_by_id" }
  method.call = check(client, method.name, method.reads, "id", edit, id, options, ...)
  return edit_record(method, edit, options, function(given)
    return client:get_connector_by_id(id, given)
  end, function(connector, given)
    return client:update_connector(id, connector, given)
  end)
end

--- Reads a license, lets a function change it, and writes it back.
-- @function edit_connector_license
-- @tparam string id the connector's
-- @tparam string license_id the license's
-- @tparam function edit as for `edit_connector`
-- @tparam[opt] table options the per-call options
-- @return as `edit_connector`
-- @usage
-- client:edit_connector_license(id, license_id, function(license)
--   license.expires = celigo.timestamp(os.time() + 30 * 86400)
-- end)
function methods.edit_connector_license(client, id, license_id, edit, options, ...)
  local method = { name = "edit_connector_license", reads = "get_connector_license_by_id" }
  method.call = check(client, method.name, method.reads, "id, license_id", edit, id, license_id, options, ...)
  return edit_record(method, edit, options, function(given)
    return client:get_connector_license_by_id(id, license_id, given)
  end, function(license, given)
    return client:update_connector_license(id, license_id, license, given)
  end)
end
