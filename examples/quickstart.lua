--- A first tour: list, create, license, change, install base, preview,
-- errors, clean up. Run it with `make demo`, or
--
--     lua5.4 examples/quickstart.lua
--     lua5.4 examples/quickstart.lua --live --email user@your-company.com

package.path = (arg[0]:match "^(.*/)[^/]*$" or "./") .. "?.lua;" .. package.path
local recipe = require "recipe"
local celigo = require "celigo"

local DAY = 86400 -- seconds

local steps = 0

local function step(title, code)
  steps = steps + 1
  local heading = recipe.styled("bold", ("%d. %s"):format(steps, title))
  recipe.print(("\n%s\n   %s\n"):format(heading, recipe.styled("dim", code)))
end

local function show(format, ...)
  recipe.print("   " .. format:format(...))
end

local function show_good(format, ...)
  show("%s %s", recipe.styled("green", "✓"), format:format(...))
end

local function show_error(err)
  show("%s %s", recipe.styled("red", "✗"), tostring(err))
end

local function date(timestamp)
  return timestamp:sub(1, 10)
end

local function print_connectors(connectors)
  local rows = {}
  for i, connector in ipairs(connectors) do
    rows[i] = {
      connector.name,
      connector.published and "yes" or "no",
      connector.numInstalls or 0,
      connector._id,
    }
  end
  recipe.print_table({ "NAME", "PUBLISHED", "INSTALLS", "ID" }, rows, "   ")
end

local function print_installs(installs)
  local rows = {}
  for i, install in ipairs(installs) do
    rows[i] = { install.user and install.user.name or "", install.version or "", install._integrationId }
  end
  recipe.print_table({ "USER", "VERSION", "INTEGRATION" }, rows, "   ")
end

-- Deletes what the tour has made, even where a step raises.
local function cleaner(client)
  local undo = {}
  return setmetatable({
    later = function(f) table.insert(undo, 1, f) end,
    now = function()
      while undo[1] do assert(table.remove(undo, 1)()) end
    end,
  }, {
    __close = function()
      for _, f in ipairs(undo) do
        local good, err = f()
        if not good then recipe.complain("Left behind: %s", err) end
      end
    end,
  }), client
end

local function in_use(connectors)
  for _, connector in ipairs(connectors) do
    if (connector.numInstalls or 0) > 0 then return connector end
  end
  return connectors[1]
end

local function trial(email)
  return {
    email = email,
    expires = celigo.timestamp(os.time() + 30 * DAY),
    opts = { connectorEdition = "starter" },
  }
end

-- Creates a connector and a license, and changes that; returns the connector.
local function sell(client, email, undo)
  step("A new connector", 'client:create_connector { name = "Quickstart", published = false }')
  local connector = assert(client:create_connector { name = "Quickstart", published = false })
  undo.later(function() return client:delete_connector(connector._id) end)
  show_good("created %s", connector._id)

  step("A trial license for 30 days", "client:create_connector_license(id, { email = …, expires = …, opts = … })")
  local license = assert(client:create_connector_license(connector._id, trial(email)))
  undo.later(function() return client:delete_connector_license(connector._id, license._id) end)
  show_good("%s may use it until %s", email, date(license.expires))

  step("The customer pays: a better edition, a year",
    "client:edit_connector_license(id, license_id, function(license) … end)")
  license = assert(client:edit_connector_license(connector._id, license._id, function(record)
    record.expires = celigo.timestamp(os.time() + 365 * DAY)
    record.opts.connectorEdition = "premium"
  end))
  show_good("now %s, until %s", license.opts.connectorEdition, date(license.expires))
  return connector
end

-- The same without sending anything; returns a connector that is nowhere.
local function would_sell(client, email)
  local connector = { _id = ("0"):rep(24), name = "Quickstart" }
  local function show_request(request)
    show("would send %s %s\n   %s", request.method, request.url, request.body)
  end
  step("A new connector", "client:create_connector({ … }, { dry_run = true })")
  show_request(assert(client:create_connector({ name = "Quickstart", published = false }, { dry_run = true })))
  step("A trial license for 30 days", "client:create_connector_license(id, { … }, { dry_run = true })")
  show_request(assert(client:create_connector_license(connector._id, trial(email), { dry_run = true })))
  return connector
end

-- Who has a connector, and what else an install would make.
local function show_use(client, used)
  step(("Who has %s installed"):format(used.name), "client:get_connector_install_base(id)")
  local installs = assert(client:get_connector_install_base(used._id))
  if #installs == 0 then show("nobody") else print_installs(installs) end

  step("What an install would make", "client:preview_connector_install(id)")
  local preview, problem = client:preview_connector_install(used._id)
  if preview then
    show("%s", assert(celigo.json.encode(preview)))
  else
    show_error(problem)
  end
end

local function tour(client, args, is_sandbox)
  recipe.print(("%s at %s%s"):format(celigo._VERSION, tostring(client):match "https?://.*",
    is_sandbox and ", a sandbox: nothing real is touched" or ""))

  step("The connectors of the account", "client:list_connectors()")
  local connectors = assert(client:list_connectors())
  print_connectors(connectors)

  local undo <close> = cleaner(client)
  local connector = args.dry_run and would_sell(client, args.email) or sell(client, args.email, undo)

  local used = in_use(connectors) or connector
  if not args.dry_run or #connectors > 0 then show_use(client, used) end

  step("What errors look like: nil, and an object with all there is to know", 'client:get_connector_by_id("…")')
  local _, unknown = client:get_connector_by_id("54fa0b38a7044f9252ffffff")
  show_error(unknown)
  show("  kind %s, status %s, code %s, retryable %s", unknown.kind, unknown.status, unknown.code, unknown.retryable)
  local _, invalid = client:create_connector_license(connector._id, { expires = "tomorrow", opts = {} })
  show_error(invalid)
  show("  kind %s: found before anything was sent", invalid.kind)

  if args.dry_run then
    recipe.print "\n   Nothing was changed."
    return
  end
  step("Clean up", "client:delete_connector_license(id, license_id); client:delete_connector(id)")
  undo.now()
  show_good("the license and the connector are gone\n")
end

local parser = recipe.parser("quickstart", "A first tour of the Connectors API.")
parser:option("--email", "The user who gets the trial license; with --live, one of your own."):argname "ADDRESS"

recipe.run(parser, function(client, args, is_sandbox)
  if args.live and not args.email then
    recipe.fail("--live needs --email: a trial license belongs to a user that the service knows", recipe.USAGE)
  end
  args.email = args.email or "grace@example.com"
  return tour(client, args, is_sandbox)
end)
