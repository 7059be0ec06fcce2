--- The 14 operations of the Connectors API on a store: each takes a context
-- { db, request, ids, query, options, link_base, strict_id } and returns an
-- answer.

local answers = require "celigo.sandbox.answers"
local check = require "celigo.sandbox.check"
local rawjson = require "celigo.sandbox.rawjson"
local store = require "celigo.sandbox.store"

-- The service makes these; what a body says of them is passed over.
local CONNECTOR_SERVER_MADE = { "_id", "handle", "lastModified",
                                "numInstalls" }
local LICENSE_SERVER_MADE = { "_id", "created", "user", "_integrationId" }

-- The connector of a request, or nil and the answer to give. Where the
-- contract has no 400 a malformed id is an unknown one.
local function find_connector(context)
  local id = context.ids[1]
  local connector = context.db.connectors:find(id)
  if connector then
    return connector
  elseif context.strict_id and not id:find("^" .. ("%x"):rep(24) .. "$")
  then
    return nil, answers.error(400, "invalid_id",
                              "_id is not 24 hexadecimal digits", "_id")
  end
  return nil, answers.not_found("_id")
end

-- The license, its collection, and the connector; or nil and an answer.
local function find_license(context)
  local connector, answer = find_connector(context)
  if not connector then
    return nil, answer
  end
  local id = context.ids[2]
  local licenses = context.db.licenses[connector:get("_id")]
  local license = licenses:find(id)
  if license then
    return license, licenses, connector
  elseif not id:find("^" .. ("%x"):rep(24) .. "$") then
    return nil, answers.error(400, "invalid_id",
                              "_licenseId is not 24 hexadecimal digits",
                              "_licenseId")
  end
  return nil, answers.not_found("_licenseId")
end

-- The members of the request's body, or nil and the answer to give.
local function read_body(context, shape, status)
  local body = context.request.body
  if body == "" then
    body = "{}"
  end
  local ok, message = rawjson.check(body)
  if not ok then
    return nil, answers.error(400, "invalid_json",
                              "the body is no valid JSON: " .. message)
  end
  if rawjson.kind(body) ~= "object" then
    return nil, answers.error(status or 422, "invalid_field",
                             "the body must be an object")
  end
  local faults = check.body(body, shape)
  if #faults > 0 then
    return nil, answers.errors(status or 422, faults)
  end
  return rawjson.members(body)
end

-- A record of what was sent, its server-made members taken from `kept`.
local function merge(members, kept, server_made)
  local skip, record = {}, store.record {}
  for _, name in ipairs(server_made) do
    skip[name] = true
    if kept:raw(name) then
      record:set_raw(name, kept:raw(name))
    end
  end
  for _, member in ipairs(members) do
    if not skip[member.name] then
      record:put(member)
    end
  end
  return record
end

local operations = {}

function operations.list_connectors(context)
  return answers.list(context, context.db.connectors.list)
end

-- The service always has these two arrays, sent or not.
local function complete(record)
  for _, name in ipairs { "_sharedImportIds", "_sharedExportIds" } do
    if not record:raw(name) then
      record:set_raw(name, "[]")
    end
  end
  return record
end

function operations.create_connector(context)
  local members, answer = read_body(context, check.shapes.Connector)
  if not members then
    return answer
  end
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
  if not connector then
    return answer
  end
  local members
  members, answer = read_body(context, check.shapes.Connector)
  if not members then
    return answer
  end
  local record = complete(merge(members, connector, CONNECTOR_SERVER_MADE))
  record:set("lastModified", store.now())
  context.db.connectors:replace(context.ids[1], record)
  return answers.json(200, record:json())
end

function operations.delete_connector(context)
  local connector, answer = find_connector(context)
  if not connector then
    return answer
  end
  context.db:remove_connector(context.ids[1])
  return { status = 204 }
end

function operations.get_connector_install_base(context)
  local connector, answer = find_connector(context)
  if not connector then
    return answer
  end
  return answers.list(context, context.db.installs[context.ids[1]].list)
end

function operations.push_connector_update(context)
  local connector, answer = find_connector(context)
  if not connector then
    return answer
  end
  local members
  members, answer = read_body(context, check.shapes.PushUpdate, 400)
  if not members then
    return answer
  end
  local installs = context.db.installs[context.ids[1]]
  local chosen = installs.list
  local ids = store.record(members):raw("_integrationIds")
  if ids and ids ~= "null" then
    chosen = {}
    for i, raw in ipairs(rawjson.elements(ids)) do
      chosen[i] = installs:find(rawjson.value(raw))
      if not chosen[i] then
        return answers.not_found(("_integrationIds[%d]"):format(i - 1))
      end
    end
  end
  for _, install in ipairs(chosen) do
    local major, minor = install:get("version"):match("^(%d+)%.(%d+)")
    install:set("version", ("%d.%d.0"):format(major, minor + 1))
    install:set("lastModified", store.now())
  end
  return { status = 200 }
end

function operations.list_connector_licenses(context)
  local connector, answer = find_connector(context)
  if not connector then
    return answer
  end
  return answers.list(context, context.db.licenses[context.ids[1]].list)
end

function operations.create_connector_license(context)
  local connector, answer = find_connector(context)
  if not connector then
    return answer
  end
  local members
  members, answer = read_body(context, check.shapes.LicenseCreateRequest)
  if not members then
    return answer
  end
  local sent = store.record(members)
  if sent:get("email"):lower():find("^unknown") then
    return answers.error(422, "invalid_user",
                         "no user has this email address", "email")
  end
  local made = store.record {}
  local id = context.db:new_id()
  made:set("_id", id)
  made:set("created", store.now())
  made:set_raw("user", '{"email":' .. sent:raw("email") .. "}")
  for i, member in ipairs(members) do
    if member.name == "email" then
      table.remove(members, i)
      break
    end
  end
  local record = merge(members, made, LICENSE_SERVER_MADE)
  context.db.licenses[context.ids[1]]:add(id, record)
  return answers.json(201, record:json())
end

function operations.get_connector_license_by_id(context)
  local license, answer = find_license(context)
  return license and answers.json(200, license:json()) or answer
end

function operations.update_connector_license(context)
  local license, found = find_license(context)
  if not license then
    return found
  end
  local members, answer = read_body(context, check.shapes.License)
  if not members then
    return answer
  end
  local record = merge(members, license, LICENSE_SERVER_MADE)
  found:replace(context.ids[2], record)
  return answers.json(200, record:json())
end

function operations.delete_connector_license(context)
  local license, found = find_license(context)
  if not license then
    return found
  end
  found:remove(context.ids[2])
  return { status = 204 }
end

-- nil where the connector can be installed, else the answer to give.
local function not_installable(connector)
  if connector:get("_integrationId") and connector:get("installerFunction")
  then
    return nil
  end
  return answers.error(422, "invalid_integration_app",
           "the connector has no integration with an install function",
                       "_integrationId")
end

-- Gives the oldest license that is not in use to the installation. The
-- template of trials is never in use.
local function take_license(context, connector, integration)
  for _, license in ipairs(context.db.licenses[context.ids[1]].list) do
    if not license:get("_integrationId")
      and license:get("_id") ~= connector:get("_trialLicenseId") then
      local user = store.record(rawjson.members(license:raw("user")))
      user:set("_id", context.db:new_id())
      user:set("name", (user:get("email"):match("^[^@]+")))
      license:set_raw("user", user:json())
      license:set("_integrationId", integration)
      return license
    end
  end
  return nil
end

function operations.install_connector(context)
  local connector, answer = find_connector(context)
  if not connector then
    return answer
  end
  local members
  members, answer = read_body(context, check.shapes.Install)
  answer = answer or not_installable(connector)
  if not members or answer then
    return answer
  end
  local integration = context.db:new_id()
  local license = take_license(context, connector, integration)
  local now = store.now()
  local install = store.record {
    { name = "_integrationId", raw = rawjson.string(integration) },
    { name = "name", raw = connector:raw("name") },
    { name = "tag", raw = '""' },
    { name = "_licenseId", raw = license and license:raw("_id") or "null" },
    { name = "user", raw = license and license:raw("user") or "null" },
    { name = "version", raw = '"1.0.0"' },
    { name = "created", raw = rawjson.string(now) },
    { name = "lastModified", raw = rawjson.string(now) },
    { name = "sandbox", raw = "false" },
    { name = "settings", raw = "{}" },
  }
  context.db:add_install(connector, install)
  return answers.json(200, rawjson.join_members {
    { name = "success", raw = "true" },
    { name = "_integrationId", raw = install:raw("_integrationId") },
    { name = "_connectorId", raw = connector:raw("_id") },
    { name = "_licenseId", raw = install:raw("_licenseId") },
    { name = "stepsToInstall", raw = "[]" },
  })
end

function operations.preview_connector_install(context)
  local connector, answer = find_connector(context)
  answer = answer or not_installable(connector)
  if answer then
    return answer
  end
  local model = rawjson.join_members {
    { name = "name", raw = connector:raw("name") },
    { name = "_connectorId", raw = connector:raw("_id") },
    { name = "installerFunction", raw = connector:raw("installerFunction") },
  }
  return answers.json(200, '{"objects":[{"model":"Integration","doc":' .. model
    .. '}],"stackRequired":' .. tostring(connector:raw("_stackId") ~= nil)
    .. ',"connections":[]}')
end

return operations
