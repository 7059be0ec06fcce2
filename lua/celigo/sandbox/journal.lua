--- The requests that a sandbox has received, so that a test can see what really
-- arrived. If there are too many, the oldest are forgotten.

local rawjson = require "celigo.sandbox.rawjson"

local MAX_ENTRIES = 10000
local MAX_BYTES = 64 * 1024 * 1024 -- of bodies

local Journal = {}
Journal.__index = Journal

local journal = {}

--- An empty journal.
function journal.new()
  return setmetatable({ entries = {}, first = 1, last = 0, bytes = 0 }, Journal)
end

local function forget_oldest(self)
  local entry = self.entries[self.first]
  self.entries[self.first] = nil
  self.first = self.first + 1
  self.bytes = self.bytes - #entry.request.body
end

--- Notes a request, and returns its entry. The outcome is set there later:
-- `status` of an answer that was sent in full, `applied` if a write was done.
function Journal:add(request, operation, connection)
  local entry = { request = request, operation = operation, connection = connection.number, applied = false }
  self.last = self.last + 1
  self.entries[self.last] = entry
  self.bytes = self.bytes + #request.body
  while self.last - self.first >= MAX_ENTRIES or self.bytes > MAX_BYTES and self.last > self.first do
    forget_oldest(self)
  end
  return entry
end

local function header_members(headers)
  local members = {}
  for name, value in pairs(headers) do members[#members + 1] = { name = name, raw = rawjson.string(value) } end
  return rawjson.join_members(members)
end

local function header_pairs(raw_headers)
  local list = {}
  for i, pair in ipairs(raw_headers) do
    list[i] = rawjson.join_elements { rawjson.string(pair[1]), rawjson.string(pair[2]) }
  end
  return rawjson.join_elements(list)
end

local function show(entry)
  local request = entry.request
  local members = {
    { name = "method", raw = rawjson.string(request.method) },
    { name = "target", raw = rawjson.string(request.target) },
    { name = "path", raw = rawjson.string(request.path) },
    { name = "query", raw = rawjson.string(request.query) },
    { name = "headers", raw = header_members(request.headers) },
    { name = "raw_headers", raw = header_pairs(request.raw_headers) },
    { name = "body", raw = rawjson.string(request.body) },
    { name = "connection", raw = tostring(entry.connection) },
    { name = "operation", raw = rawjson.string(entry.operation) },
    { name = "applied", raw = tostring(entry.applied) },
  }
  if entry.status then members[#members + 1] = { name = "status", raw = tostring(entry.status) } end
  return rawjson.join_members(members)
end

--- All of it as JSON: `{"requests":[…]}`.
function Journal:json()
  local list = {}
  for i = self.first, self.last do list[#list + 1] = show(self.entries[i]) end
  return '{"requests":' .. rawjson.join_elements(list) .. "}"
end

return journal
