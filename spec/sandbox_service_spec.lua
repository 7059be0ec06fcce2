-- What the sandbox models of the service beyond its contract: frameworks,
-- licenses of all kinds, updates that take time, tokens, lists that page in
-- ways of their own. docs/testing.md says which of it is a guess.

local celigo = require "celigo"
local http = require "spec.support.http"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

local OLDER <const> = "54fa0b38a7044f9252000036"
local NEWER <const> = "54fa0b38a7044f9252000037"
local DRAFT <const> = "54fa0b38a7044f9252000038"

local function names_of(record)
  local names = {}
  for name in pairs(record) do names[#names + 1] = name end
  table.sort(names)
  return names
end

describe("the sandbox's model of the service", function()
  local server, client

  setup(function() server = sandbox.start() end)
  teardown(function() server:stop() end)

  before_each(function()
    server:reset()
    client = celigo.new { base_url = server.url, token = server.token, max_retries = 0 }
  end)

  after_each(function() client:close() end)

  it("has connectors of both frameworks", function()
    local older, newer = client:get_connector_by_id(OLDER), client:get_connector_by_id(NEWER)
    assert.is_nil(older.framework)
    assert.is_string(older._stackId)
    assert.is_string(older.installerFunction)
    assert.equal("twoDotZero", newer.framework)
    assert.same({ "_integrationId", "editions", "isParentChild" }, names_of(newer.twoDotZero))
    assert.same({ "_id", "displayName", "order" }, names_of(newer.twoDotZero.editions[1]))
    for _, name in ipairs { "_stackId", "installerFunction", "updateFunction", "uninstallerFunction" } do
      assert.is_nil(newer[name])
    end
    assert.is_truthy(newer.contactEmail:find("@.+,.+@"))
    for _, connector in ipairs { older, newer } do
      assert.same({}, select(2, assert(client:edit_connector(connector._id, function(record)
        record.description = "changed"
      end, { validate = false }))).dropped)
    end
  end)

  it("has licenses of all kinds", function()
    local newer = client:get_connector_by_id(NEWER)
    local editions, kinds, by_id = {}, {}, {}
    for _, edition in ipairs(newer.twoDotZero.editions) do editions[edition._id] = true end
    for license in client:each_connector_license(NEWER) do
      by_id[license._id] = license
      assert.equal(NEWER, license._connectorId)
      assert.is_boolean(license.sandbox)
      assert.is_truthy(not license._editionId or editions[license._editionId])
      if license.trialLicenseTemplate then
        kinds.template = license
      elseif license.trialEndDate then
        kinds.trial = license
      elseif license.type == "integrationAppChild" then
        kinds.child = license
      else
        assert.is_string(license.expires)
        kinds.paid = license
        if not license.opts then kinds.no_opts = license end
        if license.sandbox then kinds.sandbox = license end
        if license._changeEditionId then kinds.upgrade = license end
      end
    end
    assert.same({ "child", "no_opts", "paid", "sandbox", "template", "trial", "upgrade" }, names_of(kinds))
    for _, kind in ipairs { "template", "child", "trial" } do assert.is_nil(kinds[kind].expires, kind) end
    assert.is_nil(kinds.template.trialEndDate)
    assert.is_nil(kinds.child.trialEndDate)
    assert.equal(newer._trialLicenseId, kinds.template._id)
    assert.is_table(by_id[kinds.child._parentId])
    assert.is_true(editions[kinds.upgrade._changeEditionId])
    assert.equal("returns", kinds.upgrade.opts.addonLicenses[1].licenses[1].addOnId)
    assert.equal("connector", client:list_connector_licenses(OLDER)[1].type)
  end)

  it("ends a trial where expires is set", function()
    local trial
    for license in client:each_connector_license(NEWER) do
      if license.trialEndDate then trial = license end
    end
    local changed = assert(client:update_connector_license(NEWER, trial._id, {
      trialEndDate = trial.trialEndDate, expires = "2040-01-01T00:00:00.000Z",
    }))
    assert.is_nil(changed.trialEndDate)
    assert.equal("2040-01-01T00:00:00.000Z", changed.expires)
    assert.equal(trial.type, changed.type)
    assert.equal(trial._connectorId, changed._connectorId)
  end)

  it("lets a license choose its environment at creation only", function()
    local made = assert(client:create_connector_license(NEWER, {
      email = "grace@example.com", expires = "2040-01-01T00:00:00.000Z", opts = {}, sandbox = true,
    }))
    assert.is_true(made.sandbox)
    assert.equal("integrationApp", made.type)
    assert.is_true(assert(client:update_connector_license(NEWER, made._id, { sandbox = false })).sandbox)
  end)

  it("insists on nothing in a license that says its type", function()
    local made = assert(client:create_connector_license(NEWER, {
      type = "integrationAppChild", _parentId = "54fa0b38a7044f9253000007",
    }, { validate = false }))
    assert.equal("integrationAppChild", made.type)
    assert.is_nil(made.expires)
    assert.is_nil(made.user)
  end)

  it("has rows of the install base as reported, joined to licenses", function()
    for _, id in ipairs { OLDER, NEWER } do
      local used = {}
      for license in client:each_connector_license(id) do
        if license._integrationId then used[license._integrationId] = license end
      end
      local rows = client:get_connector_install_base(id)
      assert.equal(3, #rows)
      for _, row in ipairs(rows) do
        assert.same({ "_integrationId", "email", "name", "sandbox", "updateInProgress", "version" }, names_of(row))
        assert.equal(used[row._integrationId].user.email, row.email)
      end
    end
  end)

  it("says of unknown ids what the contract says", function()
    local unknown = ("0"):rep(24)
    local _, err = client:get_connector_by_id(unknown)
    assert.same({ 404, "invalid_ref", "Not Found", "_id" }, { err.status, err.code, err.message, err.field })
    _, err = client:get_connector_license_by_id(OLDER, unknown)
    assert.same({ 404, "invalid_ref", "Not Found", "_licenseId" }, { err.status, err.code, err.message, err.field })
    _, err = client:get_connector_by_id "no-id"
    assert.equal('{"errors":[{"message":"Bad Request","field":"_id"}]}', err.body)
    _, err = client:push_connector_update(OLDER, { _integrationIds = { unknown } })
    assert.equal(404, err.status)
  end)

  it("gives less of records where a list is told what to include", function()
    local list = assert(client:list_connectors { query = { include = "published,contactEmail" }, limit = 3 })
    assert.equal(4, #list)
    assert.same({ "_id", "contactEmail", "name", "published" }, names_of(list[1]))
    assert.same({ "_id", "name", "published" }, names_of(list[3]))
  end)

  it("answers a page beyond any number of records", function()
    for _, skip in ipairs { "9223372036854775807", "99999999999999999999999999", "18446744073709551616" } do
      local answer = http.request(server.url, { path = "/v1/connectors?skip=" .. skip .. "&limit=" .. skip })
      assert.equal(204, answer.status)
    end
    local answer = http.request(server.url, { path = "/v1/connectors?limit=9223372036854775807" })
    assert.equal(4, #celigo.json.decode(answer.body))
    assert.is_nil(answer.headers.link)
  end)

  it("lists jobs that go back in time by createdAt_lte, with no link", function()
    local seen, count, before = {}, 0, nil
    repeat
      local fresh = 0
      local query = { createdAt_lte = before }
      local jobs, response = assert(client:request { path = "/v1/jobs", query = query })
      assert.is_nil(response.next_url)
      for _, job in ipairs(jobs) do
        if not seen[job._id] then seen[job._id], fresh = true, fresh + 1 end
        assert.is_true(not before or job.createdAt <= before)
        before = job.createdAt
      end
      count = count + fresh
    until fresh == 0
    assert.equal(250, count)
    local page, response = assert(client:request { path = "/v1/syncs/1/syncJobs" })
    assert.equal(250, page.totalCount)
    assert.equal(100, #page.syncJobs)
    assert.is_nil(response.next_url)
  end)

  it("makes tokens and deletes them, so that one can be rotated", function()
    local made = assert(client:request { method = "POST", path = "/v1/accesstokens", body = { name = "nightly" } })
    local rotated <close> = celigo.new { base_url = server.url, token = made.token, max_retries = 0 }
    assert.is_string(assert(rotated:request { path = "/v1/tokenInfo" })._userId)
    local list = assert(client:request { path = "/v1/accesstokens" })
    assert.same({ "token 1", "nightly" }, { list[1].name, list[2].name })
    assert.is_nil(list[2].token)
    assert(rotated:request { method = "DELETE", path = "/v1/accesstokens/" .. list[1]._id })
    assert.equal(401, (select(2, client:list_connectors())).status)
    assert(rotated:list_connectors())
    local _, err = rotated:request { method = "DELETE", path = "/v1/accesstokens/" .. list[1]._id }
    assert.equal(404, err.status)
  end)

  -- A client masks its token, and each run of eight bytes of it, in what it reads.
  it("has no token that its records have a word of", function()
    local made = assert(client:request { method = "POST", path = "/v1/accesstokens", body = {} }).token
    local texts = {}
    for _, path in ipairs {
      "connectors", "connectors/" .. OLDER .. "/licenses", "connectors/" .. NEWER .. "/licenses",
      "connectors/" .. OLDER .. "/installBase", "accesstokens", "jobs", "tokenInfo",
    } do
      local answer = http.request(server.url, { path = "/v1/" .. path })
      assert.equal(200, answer.status)
      texts[#texts + 1] = answer.body
    end
    local all = table.concat(texts)
    for _, token in ipairs { server.token, made } do
      for at = 1, #token - 7 do assert.is_nil(all:find(token:sub(at, at + 7), 1, true), token) end
    end
  end)

  it("accepts a new token beside those that it was started with", function()
    local other <close> = sandbox.start { token = "only" }
    local own <close> = celigo.new { base_url = other.url, token = "only" }
    local made = assert(own:request { method = "POST", path = "/v1/accesstokens", body = { name = "n" } })
    for token, status in pairs { only = 200, [made.token] = 200, sandbox = 401 } do
      assert.equal(status, http.request(other.url, { path = "/v1/tokenInfo", token = token }).status)
    end
  end)
end)

describe("an update that is pushed", function()
  local STUCK <const>, FAILED <const> = "54fa0b38a7044f9254000002", "54fa0b38a7044f9254000003"
  local GOOD <const> = "54fa0b38a7044f9254000001"

  local function rows(client)
    local by_id = {}
    for row in client:each_connector_install(OLDER) do by_id[row._integrationId] = row end
    return by_id
  end

  it("is in progress first; only then there is a new version", function()
    local server <close> = sandbox.start { update_seconds = 0.2 }
    local client <close> = celigo.new { base_url = server.url, token = server.token }
    local before = rows(client)
    assert.is_true(assert(client:push_connector_update(OLDER, { _integrationIds = { GOOD } })))
    local states = {}
    local row
    repeat
      row = rows(client)[GOOD]
      states[tostring(row.updateInProgress) .. " " .. row.version] = true
    until not row.updateInProgress
    assert.not_equal(before[GOOD].version, row.version)
    assert.is_nil(states["true " .. row.version])
    assert.is_nil(states["false " .. before[GOOD].version])
    assert.same(before[STUCK], rows(client)[STUCK])
  end)

  it("takes long where it is told to: the version is the old one all the while", function()
    local server <close> = sandbox.start { update_seconds = 86400 }
    local client <close> = celigo.new { base_url = server.url, token = server.token }
    local before = rows(client)
    assert(client:push_connector_update(OLDER))
    assert(client:push_connector_update(OLDER)) -- once more changes nothing
    for id, row in pairs(rows(client)) do
      assert.is_true(row.updateInProgress)
      assert.equal(before[id].version, row.version)
    end
  end)

  it("fails or never ends where it is told to", function()
    local server <close> = sandbox.start {
      update_seconds = 0, updates = { [STUCK] = "stuck", [FAILED] = "failed" },
    }
    local client <close> = celigo.new { base_url = server.url, token = server.token }
    local before = rows(client)
    assert(client:push_connector_update(OLDER))
    local after = rows(client)
    assert.is_false(after[GOOD].updateInProgress)
    assert.not_equal(before[GOOD].version, after[GOOD].version)
    assert.is_false(after[FAILED].updateInProgress)
    assert.equal(before[FAILED].version, after[FAILED].version)
    assert.is_true(after[STUCK].updateInProgress)
    assert.equal(before[STUCK].version, after[STUCK].version)
  end)

  it("to an empty list, or null, goes to nobody", function()
    local server <close> = sandbox.start { update_seconds = 86400 }
    local client <close> = celigo.new { base_url = server.url, token = server.token }
    for _, ids in ipairs { "[]", "null" } do
      assert.equal(200, http.request(server.url, {
        method = "PUT", path = "/v1/connectors/" .. OLDER .. "/update", body = '{"_integrationIds":' .. ids .. "}",
      }).status)
    end
    for _, row in pairs(rows(client)) do assert.is_false(row.updateInProgress) end
  end)
end)

describe("a seed with many installations", function()
  it("has them on the connectors in use, and keeps all other ids", function()
    local server <close> = sandbox.start { seed = { installs = 60 } }
    local plain <close> = sandbox.start()
    local client <close> = celigo.new { base_url = server.url, token = server.token }
    local other <close> = celigo.new { base_url = plain.url, token = plain.token }
    for _, id in ipairs { OLDER, NEWER } do
      local rows, seen = client:get_connector_install_base(id), {}
      assert.equal(60, #rows)
      assert.equal(60, client:get_connector_by_id(id).numInstalls)
      for _, row in ipairs(rows) do seen[row._integrationId] = true end
      for _, row in ipairs(other:get_connector_install_base(id)) do assert.is_true(seen[row._integrationId]) end
      local few, many = other:list_connector_licenses(id), client:list_connector_licenses(id)
      for i, license in ipairs(few) do assert.equal(license._id, many[i]._id) end
    end
    assert.same({}, client:get_connector_install_base(DRAFT))
  end)

  it("is refused where it is none", function()
    for _, seed in ipairs { { install = 5 }, { installs = -1 }, { connectors = "4" }, -1 } do
      assert.has_error(function() sandbox.start { seed = seed } end)
    end
    assert.has_error(function() sandbox.start { updates = { [DRAFT] = "lost" } } end)
  end)
end)

describe("a thousand half-open connections", function()
  it("keep nobody out", function()
    local server <close> = sandbox.start()
    local holders = {}
    for i = 1, 2 do
      holders[i] = process.start_lua(([[
        local socket, list = require "socket", {}
        for i = 1, 500 do
          local c = assert(socket.connect("127.0.0.1", %d))
          if i %% 2 == 0 then c:send "GET /v1/conn" end
          list[i] = c
        end
        print "open" io.stdout:flush() socket.sleep(600)]]):format(server.port), "^(open)$")
    end
    assert.equal(200, http.request(server.url, { path = "/v1/connectors" }).status)
    for _, holder in ipairs(holders) do holder:stop "KILL" end
  end)
end)
