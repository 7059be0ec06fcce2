-- Read, change, write back: client:edit_connector and
-- client:edit_connector_license.

local core = require "celigo.core"
local base = require "celigo.base"
local errors = require "celigo.errors"

local null = base.json.null

-- {====== What a write has dropped

-- Made by the service, and never sent.
local read_only = {
  connector = { _id = true, handle = true, lastModified = true, numInstalls = true },
  license = { _id = true },
}

local function member_path(path, key)
  if type(key) == "number" then return ("%s[%d]"):format(path, key) end
  return path == "" and key or path .. "." .. key
end

-- Whether all of a value came back as it was.
local function same(sent, returned)
  if type(sent) ~= "table" or type(returned) ~= "table" then
    return sent == returned or sent == null and returned == nil
  end
  for key, value in pairs(sent) do
    if not same(value, returned[key]) then return false end
  end
  return true
end

-- A shorter array: the elements that came back are in their old order.
local function compare_shorter(sent, returned, path, lost)
  local next_returned = 1
  for i, value in ipairs(sent) do
    if next_returned <= #returned and same(value, returned[next_returned]) then
      next_returned = next_returned + 1
    else
      lost[#lost + 1] = member_path(path, i)
    end
  end
end

-- Adds the paths of what was sent and is not there any more. A null may come
-- back as nothing at all.
local function compare(sent, returned, path, lost)
  if #sent > #returned then return compare_shorter(sent, returned, path, lost) end
  for key, value in pairs(sent) do
    local there = returned[key]
    if there == nil then there = null end
    if type(value) == "table" and type(there) == "table" then
      compare(value, there, member_path(path, key), lost)
    elseif there == null and value ~= null or type(value) == "table" then
      lost[#lost + 1] = member_path(path, key)
    end
  end
end

-- The paths of what the service left out of a record that was put, sorted.
local function dropped(record, returned, never_sent)
  local sent, lost = {}, {}
  for key, value in pairs(record) do
    if not never_sent[key] then sent[key] = value end
  end
  if type(returned) == "table" then compare(sent, returned, "", lost) end
  table.sort(lost)
  return lost
end

-- }======

-- The options of the reading call: a dry run reads, and shows the write.
local function reading(options)
  if type(options) ~= "table" or options.dry_run == nil then return options end
  local copy = {}
  for name, value in pairs(options) do copy[name] = value end
  copy.dry_run = nil
  return copy
end

-- Wrong arguments raise with the user's position, before anything is sent.
-- Returns the path of the record.
local function check(client, what, name, edit, options, ...)
  local ids = table.pack(...)
  ids[ids.n + 1] = reading(options)
  local good, call = pcall(core.fetch, client, what, name, table.unpack(ids, 1, ids.n + 1))
  if not good then error(call, call == "not enough memory" and 0 or 3) end
  if type(edit) ~= "function" then
    error(("%s: expected a function, got a %s"):format(what, type(edit)), 3)
  end
  return core.target(call):match "^[^?]*"
end

-- The error of a read whose answer is no record.
local function no_record(value, response, name, path)
  return errors.new {
    kind = "decode", code = "unexpected_answer",
    message = ("expected an object, got a %s"):format(type(value)),
    method = "GET", path = path, operation = name, status = response.status,
    attempts = response.attempts, elapsed = response.elapsed, headers = response.headers,
    retryable = false, maybe_applied = false,
  }
end

-- What the function makes of a record; nil where nothing is to be written.
local function changed(edit, record)
  local answer = edit(record)
  if answer == false then return nil end
  return type(answer) == "table" and answer or record
end

-- What the write returned. A dry run has no response.
local function finish(kind, record, value, response)
  if value ~= nil and response then response.dropped = dropped(record, value, read_only[kind]) end
  return value, response
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
--   writes nothing; a table is written instead of the record; anything else
--   counts for nothing. An error in it writes nothing and goes on.
-- @tparam[opt] table options the per-call options; `dry_run` reads, and
--   returns what would be put
-- @return the connector that the write returned (as it was read where nothing
--   was written) and the response, or nil and an error object;
--   `response.dropped` lists the paths of members that were sent and did not
--   come back: the service can answer 200 and leave out what it finds invalid
-- @usage
-- client:edit_connector(id, function(connector)
--   connector.published = true
-- end)
function methods.edit_connector(client, id, edit, options)
  local path = check(client, "edit_connector", "get_connector_by_id", edit, options, id)
  local record, response = client:get_connector_by_id(id, reading(options))
  if record == nil then return nil, response end
  if type(record) ~= "table" then return nil, no_record(record, response, "get_connector_by_id", path) end
  local sent = changed(edit, record)
  if not sent then return record, response end
  return finish("connector", sent, client:update_connector(id, sent, options))
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
function methods.edit_connector_license(client, id, license_id, edit, options)
  local path = check(client, "edit_connector_license", "get_connector_license_by_id", edit, options, id, license_id)
  local record, response = client:get_connector_license_by_id(id, license_id, reading(options))
  if record == nil then return nil, response end
  if type(record) ~= "table" then return nil, no_record(record, response, "get_connector_license_by_id", path) end
  local sent = changed(edit, record)
  if not sent then return record, response end
  return finish("license", sent, client:update_connector_license(id, license_id, sent, options))
end
