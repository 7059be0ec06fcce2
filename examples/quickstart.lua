--- A first tour: list, create, license, change, install base, preview,
-- errors, clean up. Run it with `make demo`, or
--
--     lua5.4 examples/quickstart.lua
--     lua5.4 examples/quickstart.lua --live --email user@your-company.com

-- recipe.lua runs this file, so that Ctrl-C is handled from the first line on.
if not package.loaded.recipe then
  local _, problem = pcall(dofile, (arg[0]:match "^.*/" or "./") .. "recipe.lua")
  io.stderr:write("Nothing was changed: ", tostring(problem), "\n")
  os.exit(tostring(problem):find "interrupted!$" and 130 or 3)
end
local recipe = require "recipe"
local celigo = require "celigo"
local output = require "recipe.output"
local plain = require "recipe.plain"
local records = require "recipe.records"

local DAY = 86400 -- seconds

local steps = 0

local function step(title, code)
  steps = steps + 1
  local heading = output.styled("bold", ("%d. %s"):format(steps, plain.text(title)))
  output.write(("\n%s\n   %s\n\n"):format(heading, output.styled("dim", code)))
end

local function show(format, ...)
  recipe.print("   " .. format, ...)
end

local function show_good(format, ...)
  show(output.styled("green", "✓") .. " " .. format, ...)
end

local function show_error(err)
  show(output.styled("red", "✗") .. " %s", err)
end

-- The day on which a license ends.
local function last_day(license)
  local ending = records.ending(license)
  return ending and os.date("!%Y-%m-%d", math.floor(ending)) or "further notice"
end

local function installs_of(connector)
  return math.type(connector.numInstalls) == "integer" and connector.numInstalls or 0
end

local function print_connectors(connectors)
  local rows = {}
  for i, connector in ipairs(connectors) do
    rows[i] = {
      records.text(connector, "name") or "",
      connector.published == true and "yes" or "no",
      installs_of(connector),
      connector._id,
    }
  end
  output.print_table({ "NAME", "PUBLISHED", "INSTALLS", "ID" }, rows, "   ")
end

local function print_installs(installs)
  local rows = {}
  for i, install in ipairs(installs) do
    local who = records.text(install, "email") or records.text(install, "user", "name") or records.text(install, "name")
    rows[i] = { who or "", records.text(install, "version") or "", records.integration(install) or "" }
  end
  output.print_table({ "WHO", "VERSION", "INTEGRATION" }, rows, "   ")
end

-- Deletes what the tour has made, also after an error or Ctrl-C. A sandbox of
-- its own needs no cleaning up.
local function cleaner(is_sandbox)
  local undo, left = {}, {}
  local self = setmetatable({ pending = nil }, {
    __close = function(_, problem)
      if is_sandbox then return end
      for i = #undo, 1, -1 do
        local good, err = undo[i].f()
        if not good then
          left[#left + 1] = undo[i].what
          if problem then recipe.complain("Left behind: %s: %s", undo[i].what, err) end
        end
      end
    end,
  })
  function self.later(what, f) undo[#undo + 1] = { what = what, f = f } end
  function self.now()
    while undo[1] do
      assert(undo[#undo].f())
      undo[#undo] = nil
    end
  end
  -- What to say after Ctrl-C.
  function self.fate()
    local words = {}
    if is_sandbox then return "the sandbox is gone, nothing real was touched" end
    if self.pending then words[1] = "whether a " .. self.pending .. " was made is unknown" end
    words[#words + 1] = #left > 0 and "left behind: " .. plain.list(left) or "what the tour has made is deleted again"
    return table.concat(words, "; ")
  end
  return self
end

local function in_use(connectors)
  for _, connector in ipairs(connectors) do
    if installs_of(connector) > 0 then return connector end
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

-- Connectors of the older framework are installed elsewhere.
local function of_newer(connectors)
  for _, connector in ipairs(connectors) do
    if records.is_newer(connector) then return connector end
  end
  return nil
end

-- Creates a connector and a license, and changes that; returns the connector.
local function sell(client, email, undo)
  step("A new connector", 'client:create_connector { name = "Quickstart", published = false }')
  undo.pending = "connector named Quickstart"
  local connector = recipe.made(assert(client:create_connector { name = "Quickstart", published = false }),
    "a connector named Quickstart")
  undo.later("connector " .. connector._id, function() return client:delete_connector(connector._id) end)
  show_good("created %s", connector._id)

  step("A trial license for 30 days", "client:create_connector_license(id, { email = …, expires = …, opts = … })")
  undo.pending = "license for " .. email
  local license = recipe.made(assert(client:create_connector_license(connector._id, trial(email))),
    "a license for " .. email)
  undo.later("license " .. license._id, function()
    return client:delete_connector_license(connector._id, license._id)
  end)
  undo.pending = nil
  show_good("%s may use it until %s", email, last_day(license))

  step("The customer pays: a better edition, a year",
    "client:edit_connector_license(id, license_id, function(license) … end)")
  license = assert(client:edit_connector_license(connector._id, license._id, function(record)
    record.expires = celigo.timestamp(os.time() + 365 * DAY)
    records.opts(record).connectorEdition = "premium" -- a license of the newer framework has _editionId
  end))
  show_good("now %s, until %s", records.text(license, "opts", "connectorEdition") or "of no edition", last_day(license))
  return connector
end

-- The same without sending anything; returns a connector that does not exist.
local function would_sell(client, email)
  local connector = { _id = ("0"):rep(24), name = "Quickstart" }
  local function show_request(request)
    show("would send %s %s", request.method, request.url)
    show("%s", request.body)
  end
  step("A new connector", "client:create_connector({ … }, { dry_run = true })")
  show_request(assert(client:create_connector({ name = "Quickstart", published = false }, { dry_run = true })))
  step("A trial license for 30 days", "client:create_connector_license(id, { … }, { dry_run = true })")
  show_request(assert(client:create_connector_license(connector._id, trial(email), { dry_run = true })))
  return connector
end

-- Shows who has installed a connector, and what another installation would
-- make.
local function show_use(client, used, installable)
  step(("Who has %s installed"):format(records.text(used, "name") or used._id), "client:get_connector_install_base(id)")
  local installs = assert(client:get_connector_install_base(used._id))
  if #installs == 0 then show("nobody") else print_installs(installs) end

  step("What an install of " .. (records.text(installable, "name") or installable._id) .. " would make",
    "client:preview_connector_install(id)")
  local preview, problem = client:preview_connector_install(installable._id)
  if preview then
    show("%s", assert(celigo.json.encode(preview)))
  else
    show_error(problem)
  end
end

local function tour(client, args, is_sandbox)
  recipe.print("%s at %s%s", celigo._VERSION, tostring(client):match "https?://.*",
    is_sandbox and ", a sandbox: nothing real is touched" or "")

  step("The connectors of the account", "client:list_connectors()")
  local connectors = recipe.list_connectors(client)
  print_connectors(connectors)

  local undo <close> = cleaner(is_sandbox)
  recipe.on_interrupt(undo.fate)
  local connector = args.dry_run and would_sell(client, args.email) or sell(client, args.email, undo)

  local used = in_use(connectors) or connector
  if not args.dry_run or #connectors > 0 then show_use(client, used, of_newer(connectors) or used) end

  step("What errors look like: nil, and an object with all there is to know", 'client:get_connector_by_id("…")')
  local _, unknown = client:get_connector_by_id("54fa0b38a7044f9252ffffff")
  show_error(unknown)
  show("  kind %s, status %s, code %s, retryable %s", unknown.kind, unknown.status, unknown.code, unknown.retryable)
  local _, invalid = client:create_connector_license(connector._id, { expires = "tomorrow", opts = {} })
  show_error(invalid)
  show("  kind %s: found before anything was sent", invalid.kind)

  if args.dry_run then
    output.write "\n   Nothing was changed.\n"
    return
  end
  step("Clean up", "client:delete_connector_license(id, license_id); client:delete_connector(id)")
  undo.now()
  show_good "the license and the connector are gone"
  output.write "\n"
end

local parser = recipe.parser {
  name = "quickstart",
  summary = "A first tour of the Connectors API.",
  examples = { "", "--dry-run", "--live --email user@your-company.com" },
}
parser:option("--email", "The user who gets the trial license; with --live, one of your own."):argname "ADDRESS"

recipe.run(parser, function(client, args, is_sandbox)
  if args.live and not args.email then
    recipe.fail("--live needs --email: a trial license belongs to a user that the service knows", recipe.USAGE)
  end
  args.email = args.email or "grace@example.com"
  return tour(client, args, is_sandbox)
end)
