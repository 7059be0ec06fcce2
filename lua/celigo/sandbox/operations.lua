--- The operations of the service on a store: each takes a context { db,
-- request, ids, query, options, link_base, strict_id, drop } and returns an
-- answer.

local answers = require "celigo.sandbox.answers"
local check = require "celigo.sandbox.check"
local rawjson = require "celigo.sandbox.rawjson"
local store = require "celigo.sandbox.store"

-- The service makes these; values in a body are ignored.
local CONNECTOR_SERVER_MADE = { "_id", "handle", "lastModified", "numInstalls" }
local LICENSE_SERVER_MADE = { "_id", "type", "_connectorId", "created", "user", "sandbox", "_integrationId" }

local function is_hexadecimal_id(id)
  return #id == 24 and id:find "^%x+$" ~= nil
end

-- The connector of a request, or nil and an answer. If the contract has no 400,
-- a malformed id counts as an unknown one.
local function find_connector(context)
  local id = context.ids[1]
  local connector = context.db.connectors:find(id)
  if connector then return connector end
  if context.strict_id and not is_hexadecimal_id(id) then return nil, answers.bad_request "_id" end
  return nil, answers.not_found "_id"
end

-- The license, its collection, and the connector; or nil and an answer.
local function find_license(context)
  local connector, answer = find_connector(context)
  if not connector then return nil, answer end
  local id = context.ids[2]
  local licenses = context.db.licenses[connector:get "_id"]
  local license = licenses:find(id)
  if license then return license, licenses, connector end
  if not is_hexadecimal_id(id) then return nil, answers.bad_request "_licenseId" end
  return nil, answers.not_found "_licenseId"
end

-- The members without those that a rule says to leave out silently.
local function without(members, names)
  local dropped, kept = {}, {}
  for _, name in ipairs(names) do dropped[name] = true end
  for _, member in ipairs(members) do
    if not dropped[member.name] then kept[#kept + 1] = member end
  end
  return kept
end

-- The members of the request's body, or nil and an answer.
local function read_body(context, shape, status)
  local body = context.request.body
  if body == "" then body = "{}" end
  local ok, message = rawjson.check(body)
  if not ok then return nil, answers.error(400, nil, "the body is no valid JSON: " .. message) end
  if rawjson.kind(body) ~= "object" then
    return nil, answers.error(status or 422, nil, "the body must be an object")
  end
  local faults = check.body(body, shape)
  if #faults > 0 then return nil, answers.errors(status or 422, faults) end
  local members = rawjson.members(body)
  return context.drop and without(members, context.drop) or members
end

-- A record of what was sent, its server-made members taken from `kept`.
local function merge(members, kept, server_made)
  local skip, record = {}, store.record {}
  for _, name in ipairs(server_made) do
    skip[name] = true
    if kept:raw(name) then record:set_raw(name, kept:raw(name)) end
  end
  for _, member in ipairs(members) do
    if not skip[member.name] then record:put(member) end
  end
  return record
end

-- What a connector says about the newer framework; nil for an older one.
local function newer_framework(connector)
  return connector:get "framework" == "twoDotZero" and (connector:object "twoDotZero" or store.record {}) or nil
end

local operations = {}

-- {====== Connectors

function operations.list_connectors(context)
  return answers.list(context, context.db.connectors.list)
end

-- The service always has these two arrays, sent or not.
local function complete(record)
  for _, name in ipairs { "_sharedImportIds", "_sharedExportIds" } do
    if not record:raw(name) then record:set_raw(name, "[]") end
  end
  return record
end

function operations.create_connector(context)
  local members, answer = read_body(context, check.shapes.Connector)
  if not members then return answer end
  local made = store.record {}
  local id = context.db:new_id()
  made:set("_id", id)
  made:set("handle", id:sub(-6))
  made:set("lastModified", store.now())
  made:set_raw("numInstalls", "0")
  local record = complete(merge(members, made, CONNECTOR_SERVER_MADE))
  context.db:add_connector(record)
  return answers.json(201, record:json())
end

function operations.get_connector_by_id(context)
  local connector, answer = find_connector(context)
  return connector and answers.json(200, connector:json()) or answer
end

function operations.update_connector(context)
  local connector, answer = find_connector(context)
  if not connector then return answer end
  local members
  members, answer = read_body(context, check.shapes.Connector)
  if not members then return answer end
  local record = complete(merge(members, connector, CONNECTOR_SERVER_MADE))
  record:set("lastModified", store.now())
  context.db.connectors:replace(context.ids[1], record)
  return answers.json(200, record:json())
end

function operations.delete_connector(context)
  local connector, answer = find_connector(context)
  if not connector then return answer end
  context.db:remove_connector(context.ids[1])
  return { status = 204 }
end

-- }======

-- {====== Licenses

function operations.list_connector_licenses(context)
  local connector, answer = find_connector(context)
  if not connector then return answer end
  return answers.list(context, context.db.licenses[context.ids[1]].list)
end

-- The contract's license needs three members. One with a `type` is of a kind
-- that the contract does not describe: nothing is required.
local function new_license_shape(body)
  local members = rawjson.check(body) and rawjson.kind(body) == "object" and rawjson.members(body)
  return members and store.record(members):get "type" and check.shapes.TypedLicense or check.shapes.LicenseCreateRequest
end

function operations.create_connector_license(context)
  local connector, answer = find_connector(context)
  if not connector then return answer end
  local members
  members, answer = read_body(context, new_license_shape(context.request.body))
  if not members then return answer end
  local sent = store.record(members)
  local email = sent:get "email"
  if email and email:lower():find "^unknown" then
    return answers.error(422, "invalid_user", "no user has this email address", "email")
  end
  local made = store.record {}
  local id, now = context.db:new_id(), store.now()
  made:set("_id", id)
  made:set("type", sent:get "type" or newer_framework(connector) and "integrationApp" or "connector")
  made:set("_connectorId", context.ids[1])
  made:set("created", now)
  if email then made:set_raw("user", '{"email":' .. sent:raw "email" .. "}") end
  made:set_raw("sandbox", tostring(sent:get "sandbox" == true))
  local record = merge(without(members, { "email" }), made, LICENSE_SERVER_MADE)
  record:set("lastModified", now)
  context.db.licenses[context.ids[1]]:add(id, record)
  return answers.json(201, record:json())
end

function operations.get_connector_license_by_id(context)
  local license, answer = find_license(context)
  return license and answers.json(200, license:json()) or answer
end

function operations.update_connector_license(context)
  local license, found = find_license(context)
  if not license then return found end
  local members, answer = read_body(context, check.shapes.License)
  if not members then return answer end
  local record = merge(members, license, LICENSE_SERVER_MADE)
  -- Setting `expires` ends a trial.
  if record:get "expires" then record:remove "trialEndDate" end
  record:set("lastModified", store.now())
  found:replace(context.ids[2], record)
  return answers.json(200, record:json())
end

function operations.delete_connector_license(context)
  local license, found = find_license(context)
  if not license then return found end
  found:remove(context.ids[2])
  return { status = 204 }
end

-- }======

-- {====== Installations

function operations.get_connector_install_base(context)
  local connector, answer = find_connector(context)
  if not connector then return answer end
  return answers.list(context, context.db.installs[context.ids[1]].list)
end

-- The installations that a push names, or nil and an answer. All without
-- `_integrationIds`; nobody where that is empty or null.
local function chosen_installs(installs, members)
  local ids = store.record(members):raw "_integrationIds"
  if not ids then return installs.list end
  if ids == "null" then return {} end
  local chosen = {}
  for i, raw in ipairs(rawjson.elements(ids)) do
    chosen[i] = installs:find(rawjson.value(raw))
    if not chosen[i] then return nil, answers.not_found "_integrationIds" end
  end
  return chosen
end

function operations.push_connector_update(context)
  local connector, answer = find_connector(context)
  if not connector then return answer end
  local members, chosen
  members, answer = read_body(context, check.shapes.PushUpdate, 400)
  if not members then return answer end
  chosen, answer = chosen_installs(context.db.installs[context.ids[1]], members)
  if not chosen then return answer end
  local options = context.options
  for _, install in ipairs(chosen) do
    context.db:begin_update(install, options.update_seconds, options.updates[install:get "_integrationId"])
  end
  return { status = 200 }
end

-- nil if the connector can be installed, else an answer.
local function not_installable(connector)
  local newer = newer_framework(connector)
  if newer and newer:get "_integrationId" then return nil end
  return answers.error(422, "invalid_integration_app", "the connector has no integration with an install function",
    "_integrationId")
end

-- Whether an installation can use a license: not a trial's template, and not
-- the license of a part.
local function is_free(license, connector)
  return not license:get "_integrationId" and not license:get "trialLicenseTemplate"
    and license:get "type" ~= "integrationAppChild" and license:get "_id" ~= connector:get "_trialLicenseId"
end

-- Gives the oldest license that is not in use to an installation. Returns the
-- license's user as a record, or nil if there is no license.
local function take_license(context, connector, integration)
  for _, license in ipairs(context.db.licenses[context.ids[1]].list) do
    if is_free(license, connector) then
      local user = license:object "user" or store.record {}
      user:set("_id", context.db:new_id())
      user:set("name", ((user:get "email" or ""):match "^[^@]*"))
      license:set_raw("user", user:json())
      license:set("_integrationId", integration)
      return user
    end
  end
  return nil
end

function operations.install_connector(context)
  local connector, answer = find_connector(context)
  if not connector then return answer end
  local members
  members, answer = read_body(context, check.shapes.Install)
  if not members then return answer end
  answer = not_installable(connector)
  if answer then return answer end
  local integration = context.db:new_id()
  local user = take_license(context, connector, integration)
  context.db:add_install(connector, store.record {
    { name = "_integrationId", raw = rawjson.string(integration) },
    { name = "name", raw = connector:raw "name" },
    { name = "email", raw = user and user:raw "email" or "null" },
    { name = "sandbox", raw = tostring(store.record(members):get "sandbox" == true) },
    { name = "version", raw = '"1.0.0"' },
    { name = "updateInProgress", raw = "false" },
  })
  return answers.json(200, '{"_integrationId":' .. rawjson.string(integration) .. "}")
end

function operations.preview_connector_install(context)
  local connector, answer = find_connector(context)
  if not connector then return answer end
  return not_installable(connector) or answers.json(200, "{}")
end

-- }======

-- {====== What the contract does not name

local TOKEN_SHAPE = { types = { "object" }, fields = { name = { types = { "string" } } } }

function operations.token_info()
  return answers.json(200, '{"_userId":"54fa0b38a7044f9255000000"}')
end

function operations.list_access_tokens(context)
  return answers.list(context, context.db.tokens.list)
end

-- The only answer that holds the token.
function operations.create_access_token(context)
  local members, answer = read_body(context, TOKEN_SHAPE)
  if not members then return answer end
  local id = context.db:new_id()
  local record = context.db:add_token(id, store.record(members):get "name" or "", "made-here-" .. id:sub(-6))
  local shown = store.record(record.members)
  shown:set("token", record.token)
  return answers.json(201, shown:json())
end

function operations.delete_access_token(context)
  local tokens = context.db.tokens
  local record = tokens:find(context.ids[1])
  if not record then return answers.not_found "_id" end
  tokens:remove(context.ids[1])
  context.db.revoked[record.token] = true
  return { status = 204 }
end

-- The jobs that a query asks for: it goes back in time by `createdAt_lte`.
local function jobs_of(context)
  local latest
  for _, pair in ipairs(context.query) do
    if pair[1] == "createdAt_lte" then latest = pair[2] end
  end
  local jobs = {}
  for _, job in ipairs(context.db.jobs) do
    if not latest or job:get "createdAt" <= latest then jobs[#jobs + 1] = job end
  end
  return jobs
end

function operations.list_jobs(context)
  return answers.list(context, jobs_of(context), { links = false })
end

function operations.list_sync_jobs(context)
  local answer = answers.list(context, jobs_of(context), { links = false })
  if answer.status > 200 then return answer end
  return answers.json(200, ('{"totalCount":%d,"syncJobs":%s}'):format(#context.db.jobs, answer.body))
end

-- }======

return operations
