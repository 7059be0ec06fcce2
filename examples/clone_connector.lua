--- Copies a connector: within the account, or to another account or region
-- by a second token, $CELIGO_TARGET_API_TOKEN.
--
--     lua5.4 examples/clone_connector.lua CONNECTOR_ID --name "Copy"
--     CELIGO_TARGET_API_TOKEN=… lua5.4 examples/clone_connector.lua CONNECTOR_ID
--         --live --target-region eu
--
-- The copy is not published. In another account it has no references to what
-- exists only in the first one (integration, stack, imports, exports, iClients,
-- the template of trials); the recipe says what was left out. --stack and
-- --integration name those of the other account. Licenses are not copied.
--
-- Safe to run again: if there is a connector of that name, nothing is made.

-- recipe.lua runs this file, so that Ctrl-C is handled from the first line on.
if not package.loaded.recipe then
  local _, problem = pcall(dofile, (arg[0]:match "^.*/" or "./") .. "recipe.lua")
  io.stderr:write("Nothing was changed: ", tostring(problem), "\n")
  os.exit(tostring(problem):find "interrupted!$" and 130 or 3)
end
local recipe = require "recipe"
local celigo = require "celigo"
local arguments = require "recipe.arguments"
local plain = require "recipe.plain"
local records = require "recipe.records"

-- Made by the service for each connector.
local MADE = { "_id", "handle", "lastModified", "numInstalls", "created", "_userId" }

-- Members that refer to one account only. Trials need their template.
local BOUND = {
  "_integrationId", "_stackId", "_sharedImportIds", "_sharedExportIds", "_iClientIdMap", "oAuthServerFlow",
  "_parentId",
}

-- {====== What is sent

local function is_empty(value)
  return value == nil or value == celigo.null or value == "" or type(value) == "table" and next(value) == nil
end

-- Removes references to another account from a copy; returns their paths.
local function unbind(copy)
  local lost = {}
  for _, name in ipairs(BOUND) do
    if not is_empty(copy[name]) then lost[#lost + 1] = name end
    copy[name] = nil
  end
  local newer = copy.twoDotZero
  if type(newer) == "table" then
    if not is_empty(newer._integrationId) then lost[#lost + 1] = "twoDotZero._integrationId" end
    newer._integrationId = nil
    for _, edition in ipairs(type(newer.editions) == "table" and newer.editions or {}) do
      if type(edition) == "table" then edition._id = nil end
    end
  end
  return lost
end

-- A template of trials is a license, and those are not copied.
local function close_trials(copy, lost)
  if not is_empty(copy._trialLicenseId) then lost[#lost + 1] = "_trialLicenseId" end
  copy._trialLicenseId = nil
  if copy.trialEnabled == true then
    lost[#lost + 1] = "trialEnabled"
    copy.trialEnabled = false
  end
end

-- A copy of a connector, ready to be sent; and the paths of what was left out.
local function copy_of(connector, args, is_elsewhere)
  for _, name in ipairs(MADE) do connector[name] = nil end
  local lost = is_elsewhere and unbind(connector) or {}
  close_trials(connector, lost)
  connector.name = args.name or is_elsewhere and connector.name or tostring(connector.name) .. " (copy)"
  connector.published = false
  if args.stack then connector._stackId = args.stack end
  if args.integration and records.is_newer(connector) then
    if type(connector.twoDotZero) ~= "table" then connector.twoDotZero = {} end
    connector.twoDotZero._integrationId = args.integration
  elseif args.integration then
    connector._integrationId = args.integration
  end
  return connector, lost
end

-- }======

-- {====== The target

local function option(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

-- The client of the other account, or nil if the copy stays in this one.
local function open_target(args, client, is_sandbox)
  local token, base_url = option "CELIGO_TARGET_API_TOKEN", option "CELIGO_TARGET_BASE_URL"
  if not token then
    if args.target_region or base_url then
      recipe.fail("a copy to another region takes a token of it: CELIGO_TARGET_API_TOKEN is not set", recipe.USAGE)
    end
    return nil
  end
  if args.target_region and base_url then
    recipe.fail("--target-region and CELIGO_TARGET_BASE_URL both say where the other account is: unset one",
      recipe.USAGE)
  end
  if not args.live and not (base_url and base_url:find "^http://") then
    recipe.fail("CELIGO_TARGET_API_TOKEN is set: a copy to another account takes --live"
      .. (is_sandbox and "" or ", or CELIGO_TARGET_BASE_URL of a sandbox"), recipe.USAGE)
  end
  if not base_url then
    base_url = not args.target_region and tostring(client):match "https?://%S+"
      or args.target_region == "eu" and "https://api.eu.integrator.io" or "https://api.integrator.io"
  end
  return recipe.client(args, { token = token, base_url = base_url })
end

local function find_by_name(client, name)
  for _, connector in ipairs(recipe.list_connectors(client)) do
    if connector.name == name then return connector end
  end
  return nil
end

-- }======

local parser = recipe.parser {
  name = "clone_connector", table = true,
  summary = "Copies a connector, within the account or to another.",
  details = [[
Environment:
   CELIGO_TARGET_API_TOKEN   the token of the other account
   CELIGO_TARGET_BASE_URL    where it is, in place of --target-region]],
  examples = { "CONNECTOR_ID --dry-run", 'CONNECTOR_ID --live --name "Orders, staging"',
    "CONNECTOR_ID --live --target-region eu --stack STACK_ID" },
}
parser:argument("connector", "The connector's id."):convert(arguments.id)
parser:option("--name", "The copy's name. Default: the same in another account, here with (copy)."):argname "NAME"
parser:option("--target-region", "Where the other account is. (default: where this one is)"):choices { "us", "eu" }
parser:option("--stack", "The id of the copy's stack."):argname "ID"
parser:option("--integration", "The id of the copy's integration."):argname "ID"

local function report(args, connector)
  local row = { connector_id = connector._id, name = records.text(connector, "name") }
  if args.json or args.csv then return recipe.report(args, { "connector_id", "name" }, { row }) end
  recipe.print("%s\t%s", row.connector_id, row.name or "-")
end

local function create(target, copy)
  local name, is_made = copy.name, false
  recipe.on_interrupt(function()
    return is_made and "the copy was made"
      or ("whether '%s' was made is unknown; run this again: it looks first"):format(plain.text(name))
  end)
  local made, err = target:create_connector(copy, { validate = false }) -- the service's own words are not judged
  if not made then
    if err.maybe_applied then recipe.fail { err, "The copy may have been made. Run this again: it looks first." } end
    recipe.fail(err)
  end
  is_made = true
  return recipe.made(made, "the copy")
end

local function is_taken(sent, got)
  if type(sent) == "table" then return is_empty(sent) or not is_empty(got) end
  return sent == got or sent == celigo.null and got == nil
end

-- The names of members that were sent and did not come back as they were.
local function not_taken(copy, made)
  local names = {}
  for name, value in pairs(copy) do
    if not is_taken(value, made[name]) then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

recipe.run(parser, function(client, args, is_sandbox)
  recipe.on_interrupt(function() return "no copy was made" end)
  local other <close> = open_target(args, client, is_sandbox)
  local target = other or client
  local connector = recipe.get_connector(client, args.connector)
  local copy, lost = copy_of(connector, args, other ~= nil)
  local there = find_by_name(target, copy.name)
  if there then
    recipe.complain("A connector named %s is there already, and nothing was made: %s", copy.name, there._id)
    return recipe.FOUND
  end
  if #lost > 0 then recipe.say("Left out: %s", plain.list(lost)) end
  if args.dry_run then
    local shown = assert(target:create_connector(copy, { dry_run = true, validate = false }))
    recipe.print("%s %s", shown.method, shown.url)
    recipe.print("%s", shown.body)
    return recipe.DONE
  end
  local made = create(target, copy)
  report(args, made)
  local dropped = not_taken(copy, made)
  if #dropped > 0 then
    recipe.complain("The service did not take %s", plain.list(dropped))
    return recipe.FOUND
  end
  return recipe.DONE
end)
