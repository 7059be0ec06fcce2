--- What a sign-up on a website does: gives a user a trial license that
-- expires in 30 days. Safe to run again: a user who has one keeps it.
--
--     lua5.4 examples/trial_license.lua CONNECTOR_ID user@example.com
--
-- Prints the license's id and when it expires. Exits with 1 where no user has
-- that address, and says what to do.

package.path = (arg[0]:match "^(.*/)[^/]*$" or "./") .. "?.lua;" .. package.path
local recipe = require "recipe"
local celigo = require "celigo"

local DAY = 86400 -- seconds

-- A license of the user's that is still good. Sign-ups are sent twice, and a
-- POST whose answer was lost may have done its work.
local function find_license(client, connector_id, email)
  for license in client:each_connector_license(connector_id) do
    local user = license.user
    if type(user) == "table" and type(user.email) == "string" and user.email:lower() == email:lower() then
      local expires = type(license.expires) == "string" and celigo.parse_timestamp(license.expires)
      if not expires or expires > os.time() then return license end
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
    recipe.complain("%s", tostring(err))
    recipe.complain("The license may have been made. Run this again: it looks first.")
    return recipe.FAILED
  end
  recipe.fail(err)
end

local parser = recipe.parser("trial_license", "Gives a user a trial license.")
parser:argument("connector", "The connector's id."):args(1):convert(recipe.id)
parser:argument("email", "The user's address."):args(1)
parser:option("--days", "For how many days.", "30", recipe.days):argname "DAYS"
parser:option("--edition", "The connector's edition.", "trial"):argname "EDITION"

recipe.run(parser, function(client, args)
  local license = find_license(client, args.connector, args.email)
  if license then
    recipe.say("%s has a license already", args.email)
  else
    local err
    license, err = client:create_connector_license(args.connector, {
      email = args.email,
      expires = celigo.timestamp(os.time() + args.days * DAY),
      opts = { connectorEdition = args.edition },
    }, { dry_run = args.dry_run })
    if not license then return explain(err, args.email) end
    if args.dry_run then
      recipe.print(("%s %s\n%s"):format(license.method, license.url, license.body))
      return recipe.DONE
    end
  end
  recipe.print(license._id, license.expires)
  return recipe.DONE
end)
