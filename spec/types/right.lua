-- Right scripts, as the documentation has them: LuaLS warns of nothing here.

local celigo = require "celigo"
local uv = require "luv"
local sandbox <close> = require("celigo.sandbox").start { seed = { connectors = 2 }, journal = true }

local client <close> = celigo.new {
  base_url = sandbox.url,
  token = function()
    local file = io.open "/etc/celigo/token"
    if not file then return nil, "there is no token" end
    return file:read "l"
  end,
  rate_limit = false,
  on_event = function(event)
    if event.type == "retry" then return event.attempt < 2 end
  end,
}
require("celigo.loop.luv").attach(client)

-- Reading.
local connector, err = client:get_connector_by_id "54fa0b38a7044f9252000036"
if not connector then
  print(err.kind, err.status, err:has "invalid_ref", err.maybe_applied)
  return
end
print(connector._id:upper(), connector.name:upper())
for license, _ in client:each_connector_license(connector._id, { limit = 10, prefetch = false }) do
  local ends = license.expires or license.trialEndDate
  if ends and celigo.parse_timestamp(ends) < os.time() then print(license._id:upper(), ends:sub(1, 10)) end
end
for page, response in client:pages { path = "/v1/connectors", query = { limit = 3 } } do
  print(#page, response and response.next_url)
end

local before
repeat
  local jobs = assert(client:request { path = "/v1/jobs", query = { createdAt_lte = before } })
  for _, job in ipairs(jobs) do before = job.createdAt end
until #jobs == 0

-- Writing: what was read is put back, null is allowed, a dry run is shown.
connector.description = celigo.null
connector.applications = celigo.array {}
local written, response = assert(client:update_connector(connector._id, connector))
print(written._id, response.status)
local shown = assert(client:create_connector({ name = "New", websiteURL = celigo.null }, { dry_run = true }))
print(shown.method, shown.url, shown.body)
assert(client:edit_connector_license(connector._id, "l", function(license)
  if license.type == "integrationApp" then return nil, "not this one" end
  license.expires = celigo.timestamp(os.time() + 86400)
  license.trialEndDate = nil
end))
assert(client:create_connector_license(connector._id, {
  email = "ada@example.com", expires = celigo.timestamp(os.time()), opts = { connectorEdition = "starter" },
}))
assert(client:push_connector_update(connector._id, nil, { dry_run = true }))

-- Many calls.
local licenses, errors = client:map({ "a", "b" }, function(id)
  return client:list_connector_licenses(id)
end, { concurrency = 2 })
for i, list in pairs(licenses) do print(#list, errors[i]) end
local call = client:submit("get_connector_by_id", "a")
while client:step(0.1) > 0 do print "waiting" end
print(call:result())
print(uv.now())
