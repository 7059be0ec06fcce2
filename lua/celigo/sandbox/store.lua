--- What the sandbox remembers: connectors, their licenses, their
-- installations, and the updates under way. Records keep their members as
-- JSON text, in order.

local rawjson = require "celigo.sandbox.rawjson"
local loop = require "celigo.sandbox.loop"

local Store = {}
Store.__index = Store

local Record = {}
Record.__index = Record

local store = {}

--- Milliseconds since 1970 as the service writes them.
function store.timestamp(millis)
  return os.date("!%Y-%m-%dT%H:%M:%S", millis // 1000) .. (".%03dZ"):format(millis % 1000)
end

--- The present, as text.
function store.now()
  return store.timestamp(math.floor(loop.now() * 1000))
end

--- Makes a record from an array of { name, raw }.
function store.record(members)
  local record = setmetatable({ members = {}, by_name = {} }, Record)
  for _, member in ipairs(members) do record:put(member) end
  return record
end

--- Puts a member { name, key?, raw } in its place, or at the end.
function Record:put(member)
  local present = self.by_name[member.name]
  if present then
    present.raw = member.raw
  else
    local copy = { name = member.name, key = member.key, raw = member.raw }
    self.members[#self.members + 1] = copy
    self.by_name[member.name] = copy
  end
end

--- Sets a member to a string.
function Record:set(name, value)
  self:put { name = name, raw = rawjson.string(value) }
end

--- Sets a member to a JSON text.
function Record:set_raw(name, raw)
  self:put { name = name, raw = raw }
end

--- Removes a member.
function Record:remove(name)
  local member = self.by_name[name]
  if not member then return end
  self.by_name[name] = nil
  for i, present in ipairs(self.members) do
    if present == member then return table.remove(self.members, i) end
  end
end

--- A member's JSON text, or nil.
function Record:raw(name)
  local member = self.by_name[name]
  return member and member.raw
end

--- A member's value if it is a string, number or boolean; else nil.
function Record:get(name)
  local raw = self:raw(name)
  local kind = raw and rawjson.kind(raw)
  if kind == "string" or kind == "number" or kind == "boolean" then return rawjson.value(raw) end
  return nil
end

--- A member that is an object, as a record; nil if it is not one.
function Record:object(name)
  local raw = self:raw(name)
  if not raw or rawjson.kind(raw) ~= "object" then return nil end
  return store.record(rawjson.members(raw))
end

--- The record's JSON text.
function Record:json()
  return rawjson.join_members(self.members)
end

local Collection = {}
Collection.__index = Collection

local function new_collection()
  return setmetatable({ list = {}, by_id = {} }, Collection)
end

function Collection:add(id, record)
  self.list[#self.list + 1] = record
  self.by_id[id] = record
end

function Collection:find(id)
  return self.by_id[id]
end

--- Puts a record in the place of another with its id.
function Collection:replace(id, record)
  for i, present in ipairs(self.list) do
    if present == self.by_id[id] then self.list[i] = record end
  end
  self.by_id[id] = record
end

function Collection:remove(id)
  for i, present in ipairs(self.list) do
    if present == self.by_id[id] then
      table.remove(self.list, i)
      break
    end
  end
  self.by_id[id] = nil
end

--- An empty store. `connectors` and `tokens`, and the `licenses` and
-- `installs` of each connector by its id, are collections; `jobs` is an array
-- of records, the newest first.
function store.new()
  return setmetatable({
    connectors = new_collection(),
    tokens = new_collection(),
    revoked = {}, -- tokens that were good
    licenses = {},
    installs = {},
    jobs = {},
    updates = {}, -- installation -> { ends, outcome } of the update under way
    counter = 0,
  }, Store)
end

--- A new id: 24 hexadecimal digits, never given out twice. The first is the
-- same at each start, and so are those that follow.
function Store:new_id()
  self.counter = self.counter + 1
  return ("54fa0b38a7044f92ff%06x"):format(self.counter)
end

--- Adds a connector with an empty list of licenses and of installations.
function Store:add_connector(record)
  local id = record:get "_id"
  self.connectors:add(id, record)
  self.licenses[id] = self.licenses[id] or new_collection()
  self.installs[id] = self.installs[id] or new_collection()
end

--- Removes a connector and its licenses; its installations stay.
function Store:remove_connector(id)
  self.connectors:remove(id)
  self.licenses[id] = nil
end

--- Adds an access token. Its record, which lists show, does not hold the token
-- itself.
function Store:add_token(id, name, token)
  local record = store.record {}
  record:set("_id", id)
  record:set("name", name)
  record.token = token
  self.tokens:add(id, record)
  return record
end

--- Adds an installation and counts it in its connector.
function Store:add_install(connector, record)
  local installs = self.installs[connector:get "_id"]
  installs:add(record:get "_integrationId", record)
  connector:set_raw("numInstalls", tostring(#installs.list))
end

--- Begins an update, unless one is under way. `outcome` is nil, "failed" or
-- "stuck".
function Store:begin_update(install, seconds, outcome)
  if self.updates[install] then return end
  install:set_raw("updateInProgress", "true")
  self.updates[install] = { ends = outcome == "stuck" and math.huge or loop.now() + seconds, outcome = outcome }
end

--- Ends the updates whose time is up. One that failed leaves the version as it
-- was.
function Store:end_updates()
  local now = loop.now()
  for install, update in pairs(self.updates) do
    if update.ends <= now then
      self.updates[install] = nil
      install:set_raw("updateInProgress", "false")
      if update.outcome ~= "failed" then
        local major, minor = install:get("version"):match "^(%d+)%.(%d+)"
        install:set("version", ("%d.%d.0"):format(major, minor + 1))
      end
    end
  end
end

--- Seconds until a request may pass under { rate, burst }; 0 lets it pass.
function Store:take_token(limit)
  local now = loop.now()
  local bucket = self.bucket or { tokens = limit.burst, at = now }
  self.bucket = bucket
  bucket.tokens = math.min(limit.burst, bucket.tokens + (now - bucket.at) * limit.rate)
  bucket.at = now
  if bucket.tokens >= 1 then
    bucket.tokens = bucket.tokens - 1
    return 0
  end
  return (1 - bucket.tokens) / limit.rate
end

return store
