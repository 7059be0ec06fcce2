--- What a sign-up on a website does: gives a user a trial license that
-- expires in 30 days. Safe to run again: a user who has one keeps it.
--
--     lua5.4 examples/trial_license.lua CONNECTOR_ID user@example.com
--
-- Prints the license's id and when it ends. Exits with 1 if no user has that
-- address, and says what to do.

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

local DAY = 86400 -- seconds

-- A license of the user that is still valid. It may exist because a form was
-- sent twice, or because the answer of an earlier POST was lost. Templates do
-- not count, nor licenses that are part of another one.
local function find_license(client, connector_id, email)
  for license in client:each_connector_license(connector_id) do
    local address = records.text(license, "user", "email")
    if address and address:lower() == email:lower() and license.trialLicenseTemplate ~= true
      and license.type ~= "integrationAppChild" then
      local ending = records.ending(license)
      if not ending or ending > os.time() then return license end
    end
  end
  return nil
end

local function explain(err, email)
  if err:has "invalid_user" then
    recipe.complain("%s: integrator.io knows no user with this address.", email)
    recipe.complain("Ask them to sign up at https://integrator.io with it, and run this again.")
    return recipe.FOUND
  elseif err.maybe_applied then
    recipe.fail { err, "The license may have been made. Run this again: it looks first." }
  end
  recipe.fail(err)
end

-- The edition of a connector of the newer framework, or the end of the recipe.
local function newer_edition(connector, word)
  local edition = records.find_edition(connector, word)
  if edition then return edition.id end
  local names = {}
  for _, known in ipairs(records.editions(connector)) do names[#names + 1] = known.name end
  recipe.fail(("--edition %s: the connector has %s"):format(word, #names > 0 and plain.list(names) or "no editions"),
    recipe.USAGE)
end

-- A new license. A connector of the newer framework has editions of its own;
-- where none is named the service chooses.
local function license_for(connector, args)
  local ending = celigo.timestamp(os.time() + args.days * DAY)
  if not records.is_newer(connector) then
    return { email = args.email, expires = ending, opts = { connectorEdition = args.edition or "trial" } }
  end
  return {
    email = args.email, type = "integrationApp", trialEndDate = ending, opts = celigo.object {},
    _editionId = args.edition and newer_edition(connector, args.edition),
  }
end

-- If the address is not valid, that is a wrong argument: the library finds it
-- before anything is sent.
local function check_address(client, args)
  local body = { email = args.email, expires = celigo.timestamp(os.time()), opts = {} }
  local _, err = client:create_connector_license(args.connector, body, { dry_run = true })
  if err and err.kind == "validation" then
    recipe.fail(("'%s' is no email address"):format(args.email), recipe.USAGE)
  end
end

local parser = recipe.parser {
  name = "trial_license", table = true,
  summary = "Gives a user a trial license.",
  examples = { "CONNECTOR_ID grace@example.com --dry-run", "CONNECTOR_ID grace@example.com --live --days 14" },
}
parser:argument("connector", "The connector's id."):args(1):convert(arguments.id)
parser:argument("email", "The user's address."):args(1)
parser:option("--days", "For how many days.", "30", arguments.days):argname "DAYS"
parser:option("--edition", "The connector's edition; of the newer framework its name or id. (default: trial, or none)")
  :argname "EDITION"

recipe.run(parser, function(client, args)
  local is_sent = false
  recipe.on_interrupt(function()
    return is_sent and ("whether %s has a license now is unknown; run this again: it looks first"):format(args.email)
      or "no license was made"
  end)
  check_address(client, args)
  local license = find_license(client, args.connector, args.email)
  if license then
    recipe.say("%s has a license already", args.email)
  else
    local connector = recipe.get_connector(client, args.connector)
    local body = license_for(connector, args)
    is_sent = not args.dry_run
    local answer, err = client:create_connector_license(args.connector, body, { dry_run = args.dry_run })
    if not answer then
      is_sent = err.maybe_applied
      return explain(err, args.email)
    elseif args.dry_run then
      recipe.print("%s %s", answer.method, answer.url)
      recipe.print("%s", answer.body)
      return recipe.DONE
    end
    license = recipe.made(answer, "a license for " .. args.email)
    recipe.on_interrupt(function() return ("%s was made"):format(license._id) end)
  end
  local _, member = records.ending(license)
  local row = { license_id = license._id, email = args.email, ends = member and license[member] }
  if args.json or args.csv then
    recipe.report(args, { "license_id", "email", "ends" }, { row })
  else
    recipe.print("%s\t%s", row.license_id, row.ends or "-")
  end
  return recipe.DONE
end)
