--- The records that a sandbox starts with. They look like those of the
-- service: empty arrays as a rule, `"_id": false`, relative image URLs, and
-- members that no contract names. Ids are the same at each start; dates are
-- counted from now.

local store = require "celigo.sandbox.store"
local rawjson = require "celigo.sandbox.rawjson"
local loop = require "celigo.sandbox.loop"

local DAY = 86400000 -- milliseconds
local JOBS = 250

local KIND = {
  connector = 0x52, license = 0x53, integration = 0x54, user = 0x55, stack = 0x56, client = 0x57,
  edition = 0x58, job = 0x59, token = 0x5A, flow = 0x5B,
}

local function id(kind, number)
  return ("54fa0b38a7044f92%02x%06x"):format(KIND[kind], number)
end

-- Four sorts of connector. More connectors repeat them in this order. Of a
-- license, `days` are those until it expires, `trial` those until its trial
-- ends, `edition` and `offer` are numbers of the connector's editions, `parent`
-- is the number of a license in the same list. `typical` is what further
-- installations have.
local sorts = {
  { -- in use, of the older framework: every function, an edition, add-ons
    name = "Storefront to Ledger",
    members = [=["description":"Orders, refunds and payouts, both ways.",
      "imageURL":"/images/icons/storefront.png",
      "websiteURL":"https://storefront.example.com",
      "contactEmail":"support@storefront.example.com",
      "published":true,"managed":false,
      "_integrationId":"$integration","_stackId":"$stack",
      "installerFunction":"runInstaller","updateFunction":"runUpdate",
      "preUninstallFunction":"beforeUninstall",
      "uninstallerFunction":"runUninstaller",
      "_sharedImportIds":[],"_sharedExportIds":[],
      "_iClientIdMap":[{"_id":false,"_iClientIds":["$client"],
        "connection":{"type":"storefront"}}],
      "applications":["storefront","ledger"],
      "installSteps":[],"settings":{}]=],
    type = "connector",
    licenses = {
      { days = 200, installed = true, opts = [=[{"connectorEdition":"premium",
        "addonLicenses":[{"type":"store",
        "licenses":[{"addOnEdition":"standard"}]}]}]=] },
      { days = 9, installed = true, opts = [[{"connectorEdition":"standard","addonLicenses":[]}]] },
      { days = -20, installed = true, opts = [[{"connectorEdition":"starter"}]] },
      { days = 30, opts = [[{"connectorEdition":"starter"}]] },
    },
    typical = { days = 365, installed = true, opts = [[{"connectorEdition":"standard","addonLicenses":[]}]] },
  },
  { -- of the newer framework: editions, trials, parts; several addresses
    name = "Parcel Tracker",
    members = [=["description":"Shipments from carriers to the help desk.",
      "imageURL":"/images/icons/parcel.png",
      "websiteURL":"https://parcel.example.com",
      "contactEmail":"help@parcel.example.com,oncall@parcel.example.com",
      "published":true,"managed":true,
      "framework":"twoDotZero",
      "twoDotZero":{"_integrationId":"$integration","isParentChild":true,
        "editions":[{"_id":"$edition1","displayName":"Starter","order":1},
          {"_id":"$edition2","displayName":"Business","order":2}]},
      "_sharedImportIds":["$import"],"_sharedExportIds":[],
      "_iClientIdMap":[],"applications":["parcel"],
      "trialEnabled":true,"trialPeriod":30,"_trialLicenseId":"$license",
      "oAuthServerFlow":{"_iClientId":"$client"},"_parentId":null]=],
    type = "integrationApp",
    licenses = {
      { template = true, edition = 1, opts = "{}" },
      { trial = 12, installed = true, edition = 1, resumable = false },
      { days = 120, installed = true, edition = 1, offer = 2, opts = [=[{"addonLicenses":[{"type":"parcelAddOn",
        "licenses":[{"addOnId":"returns"}]}]}]=] },
      { child = true, parent = 3 },
      { days = 120, installed = true, edition = 2, sandbox = true },
      { days = 60, edition = 2, opts = "{}" },
    },
    typical = { days = 365, installed = true, edition = 2 },
  },
  { -- a draft: nothing to install, no licenses
    name = "Payroll Export",
    members = [=["description":"","published":false,
      "_sharedImportIds":[],"_sharedExportIds":[],"_iClientIdMap":[],
      "applications":[],"settings":{}]=],
    type = "connector",
    licenses = {},
  },
  { -- published without a stack, and with an address that nobody reads
    name = "Warehouse Bridge",
    members = [=["imageURL":"/images/icons/warehouse.png",
      "contactEmail":"nobody@warehouse.invalid",
      "published":true,"managed":false,"framework":"",
      "_integrationId":"$integration",
      "_sharedImportIds":[],"_sharedExportIds":[],"_iClientIdMap":[],
      "applications":["warehouse"]]=],
    type = "connector",
    licenses = {
      { days = -90, opts = "{}" },
    },
  },
}

local people = {
  { "ada", "Ada Byrne", "Acorn Foods" }, { "bruno", "Bruno Castel", "Birch & Sons" },
  { "chidi", "Chidi Danso", "Cedar Retail" }, { "dora", "Dora Eklund", "Dune Sports" },
  { "emil", "Emil Farkas", "Elm Street Books" },
}

-- A record from JSON text; line breaks of the text above are left out.
local function parse(text)
  return store.record(assert(rawjson.members((text:gsub("\n%s*", "")))))
end

local function user_of(n, installed)
  local person = people[n % #people + 1]
  local user = store.record {}
  user:set("email", ("%s%d@example.com"):format(person[1], n))
  if installed then
    user:set("_id", id("user", n))
    user:set("name", person[2])
    user:set("company", person[3])
  end
  return user
end

-- The installation of license n: a row of the install base.
local function add_install(db, connector, n, spec, integration)
  local row = store.record {}
  row:set("_integrationId", integration)
  row:set("name", connector:get "name" .. " - " .. people[n % #people + 1][3])
  row:set("email", user_of(n):get "email")
  row:set_raw("sandbox", tostring(spec.sandbox == true))
  row:set("version", ("1.%d.0"):format(n % 4))
  row:set_raw("updateInProgress", "false")
  db:add_install(connector, row)
end

local function set_dates(record, n, spec, now)
  record:set("created", store.timestamp(now - (n % 300 + 40) * DAY))
  record:set("lastModified", store.timestamp(now - n % 30 * DAY))
  if spec.days then record:set("expires", store.timestamp(now + spec.days * DAY)) end
  if spec.trial then record:set("trialEndDate", store.timestamp(now + spec.trial * DAY)) end
end

-- Adds license n as `spec` says. `around` is { db, connector, type, number of
-- the connector, number of its first license, now }.
local function add_license(around, n, spec)
  local connector = around.connector
  local record, license_id = store.record {}, id("license", n)
  record:set("_id", license_id)
  record:set("type", spec.child and "integrationAppChild" or around.type)
  record:set("_connectorId", connector:get "_id")
  set_dates(record, n, spec, around.now)
  if spec.opts then record:set_raw("opts", (spec.opts:gsub("\n%s*", ""))) end
  if spec.edition then record:set("_editionId", id("edition", around.number << 4 | spec.edition)) end
  if spec.offer then record:set("_changeEditionId", id("edition", around.number << 4 | spec.offer)) end
  if spec.parent then record:set("_parentId", id("license", around.first + spec.parent - 1)) end
  if spec.template then record:set_raw("trialLicenseTemplate", "true") end
  if spec.resumable ~= nil then record:set_raw("resumable", tostring(spec.resumable)) end
  record:set_raw("user", user_of(n, spec.installed):json())
  record:set_raw("sandbox", tostring(spec.sandbox == true))
  if spec.installed then
    local integration = id("integration", n)
    record:set("_integrationId", integration)
    add_install(around.db, connector, n, spec, integration)
  end
  around.db.licenses[connector:get "_id"]:add(license_id, record)
end

-- The numbers of licenses that the option `installs` adds. They are separate,
-- so that the others have the same numbers with and without it.
local FIRST_FURTHER = 0x400000

-- Adds connector `number` with its licenses, the first of which has the number
-- `first`. Returns what `add_license` needs, and the connector's sort.
local function add_connector(db, number, first, now)
  local sort = sorts[(number - 1) % #sorts + 1]
  local round = (number - 1) // #sorts
  local names = {
    integration = id("integration", 0x800000 + number),
    stack = id("stack", number),
    client = id("client", number),
    import = id("client", 0x800000 + number),
    license = id("license", first),
    edition1 = id("edition", number << 4 | 1),
    edition2 = id("edition", number << 4 | 2),
  }
  local name = round == 0 and sort.name or sort.name .. " " .. round + 1
  local record = parse(('{"_id":"%s","name":"%s",%s}'):format(
    id("connector", 0x35 + number), name, (sort.members:gsub("%$(%w+)", names))))
  record:set("handle", ("%06x"):format(0xA00000 + number * 7919 % 0x500000))
  record:set("lastModified", store.timestamp(now - number % 60 * DAY))
  record:set_raw("numInstalls", "0")
  db:add_connector(record)
  local around = { db = db, connector = record, type = sort.type, number = number, first = first, now = now }
  for i, spec in ipairs(sort.licenses) do add_license(around, first + i - 1, spec) end
  return around, sort
end

-- Adds installations to a connector until it has so many.
local function add_installs(around, sort, wanted, n)
  local base = around.db.installs[around.connector:get "_id"].list
  while sort.typical and #base < wanted do
    add_license(around, n, sort.typical)
    n = n + 1
  end
  return n
end

-- Runs of flows, the newest first, for lists that go back in time.
local function add_jobs(db, now)
  for n = JOBS, 1, -1 do
    local at = store.timestamp(now - (JOBS - n) // 2 * 60000)
    local job = store.record {}
    job:set("_id", id("job", n))
    job:set("type", "flow")
    job:set("_flowId", id("flow", n % 7 + 1))
    job:set("status", n % 10 == 0 and "failed" or "completed")
    job:set("createdAt", at)
    db.jobs[#db.jobs + 1] = job
  end
end

--- Fills an empty store as the option `seed` says.
local function fill(db, wanted)
  local count = wanted == true and #sorts or wanted
  local installs = 0
  if type(wanted) == "table" then count, installs = wanted.connectors or #sorts, wanted.installs or 0 end
  if not count or count == 0 then return end
  local now = math.floor(loop.now() * 1000)
  local license, further = 1, FIRST_FURTHER
  for number = 1, count do
    local around, sort = add_connector(db, number, license, now)
    license = license + #sort.licenses
    further = add_installs(around, sort, installs, further)
  end
  add_jobs(db, now)
end

--- Adds the tokens of the start.
local function add_tokens(db, tokens)
  for n, token in ipairs(tokens) do db:add_token(id("token", n), "token " .. n, token) end
end

return { fill = fill, add_tokens = add_tokens }
