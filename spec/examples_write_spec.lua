-- The examples that change things: what they write, when they stop, that
-- they can be run again.

local celigo = require "celigo"
local example = require "spec.support.example"
local csv = require "recipe.csv"
local fault = require "spec.support.fault_server"
local sandbox = require "celigo.sandbox"

local write, run = example.write, example.run
local has, lines_of = example.has, example.lines_of

local CONNECTOR <const> = "54fa0b38a7044f9252000036" -- the sandbox's first
local TRIALS <const> = "54fa0b38a7044f9252000037" -- its second

describe("a good answer that holds no record", function()
  local service, path

  setup(function()
    service = sandbox.start()
    path = os.tmpname()
  end)
  teardown(function()
    service:stop()
    os.remove(path)
  end)

  for _, answer in ipairs { { status = 204 }, { status = 200, body = "5" }, { status = 200, body = "[]" } } do
    it(("is told as unknown: %d %s"):format(answer.status, answer.body or ""), function()
      service:reset()
      for _, operation in ipairs { "create_connector", "create_connector_license", "update_connector_license" } do
        service:fault {
          operation = operation, status = answer.status, body = answer.body, applied = true, times = false,
        }
      end
      for name, arguments in pairs {
        clone_connector = { CONNECTOR }, quickstart = {}, trial_license = { CONNECTOR, "odd@example.com" },
      } do
        local code, _, messages = run(name, arguments, service)
        assert.equal(3, code, name)
        has(messages, "the answer holds no record: it is unknown whether ")
        assert.equal(1, #lines_of(messages), messages)
      end
      write(path, "connector_id,license_id,action,value\n" .. CONNECTOR .. ",54fa0b38a7044f9253000001,extend,30\n")
      local code, _, messages = run("renew_licenses", { path }, service)
      assert.equal(1, code)
      has(messages, "UNKNOWN whether it was written: extend from ")
      has(messages, "the answer holds no record\n")
      has(messages, "1 lines, 0 failed, 1 unknown\n")
    end)
  end
end)

describe("trial_license", function()
  local service, client

  setup(function()
    service = sandbox.start()
    client = celigo.new { base_url = service.url, token = "t" }
  end)
  teardown(function()
    client:close()
    service:stop()
  end)

  it("creates a license for 30 days, once, of either framework", function()
    for connector, member in pairs { [CONNECTOR] = "expires", [TRIALS] = "trialEndDate" } do
      local code, output, problem = run("trial_license", { connector, "Grace@example.com" }, service)
      assert.equal(0, code, problem)
      local id, ends = output:match "^(%x+)\t(%S+)\n$"
      local license = assert(client:get_connector_license_by_id(connector, id))
      assert.equal(ends, license[member])
      assert.is_nil(license[member == "expires" and "trialEndDate" or "expires"])
      assert.near(30 * 86400, celigo.parse_timestamp(ends) - os.time(), 60)
      local again, same, messages = run("trial_license", { connector, "grace@example.com" }, service)
      assert.equal(0, again)
      assert.equal(output, same)
      has(messages, "has a license already")
    end
  end)

  it("takes an edition by its name, and names those there are", function()
    local arguments = { TRIALS, "edna@example.com", "--edition", "business", "--json" }
    local code, output = run("trial_license", arguments, service)
    assert.equal(0, code)
    local row = assert(celigo.json.decode(output))
    local license = assert(client:get_connector_license_by_id(TRIALS, row.license_id))
    local editions = assert(client:get_connector_by_id(TRIALS)).twoDotZero.editions
    assert.equal(editions[2]._id, license._editionId)
    local wrong, _, messages = run("trial_license", { TRIALS, "ed@example.com", "--edition", "gold" }, service)
    assert.equal(2, wrong)
    has(messages, "--edition gold: the connector has Starter, Business")
  end)

  it("gives a new one where the last has ended, and passes over templates", function()
    local server <close> = fault.start()
    local licenses = [=[[{"_id":"t","user":{"email":"a@x.com"},"trialLicenseTemplate":true},
      {"_id":"c","user":{"email":"a@x.com"},"type":"integrationAppChild"},
      {"_id":"e","user":{"email":"a@x.com"},"trialEndDate":"2020-01-01T00:00:00.000Z"},{"_id":"n","user":null}]]=]
    server:script { { body = licenses }, { body = '{"name":"k"}' }, { status = 201, body = '{"_id":"new"}' } }
    local code, output = run("trial_license", { "k", "a@x.com" }, server)
    assert.equal(0, code)
    assert.equal("new\t-\n", output)
  end)

  it("refuses what is no address before anything is sent", function()
    local before = #service:journal()
    for _, address in ipairs { "grace", "grace@", "a b@example.com", "", "a@x.com,b@x.com" } do
      local code, output, messages = run("trial_license", { TRIALS, address }, service)
      assert.equal(2, code, address)
      assert.equal("", output)
      has(messages, ("'%s' is no email address"):format(address))
    end
    assert.equal(before, #service:journal())
  end)

  it("says what to do about an unknown user, and exits with 1", function()
    local code, output, messages = run("trial_license", { TRIALS, "unknown@example.com" }, service)
    assert.equal(1, code)
    assert.equal("", output)
    has(messages, "Ask them to sign up")
  end)

  it("shows the request and creates nothing with --dry-run", function()
    local before = #client:list_connector_licenses(TRIALS)
    local code, output = run("trial_license", { TRIALS, "new@example.com", "--dry-run" }, service)
    assert.equal(0, code)
    has(output, "POST " .. service.url .. "/v1/connectors/" .. TRIALS .. "/licenses\n")
    has(output, '"email":"new@example.com"')
    assert.equal(before, #client:list_connector_licenses(TRIALS))
  end)

  it("says to run it again where the answer is lost", function()
    local server <close> = fault.start()
    server:script { { body = "[]" }, { body = '{"name":"k"}' }, { cut = "start", ending = "reset" } }
    local code, _, messages = run("trial_license", { TRIALS, "new@example.com" }, server)
    assert.equal(3, code)
    has(messages, "Run this again: it looks first")
    assert.equal(3, #server:requests())
  end)

  it("makes no second license after an answer was lost", function()
    service:fault { operation = "create_connector_license", close = "before", applied = true }
    local code, _, messages = run("trial_license", { CONNECTOR, "lost@example.com" }, service)
    assert.equal(3, code)
    has(messages, "The license may have been made")
    assert.equal(0, (run("trial_license", { CONNECTOR, "lost@example.com" }, service)))
    local count = 0
    for license in client:each_connector_license(CONNECTOR) do
      if license.user.email == "lost@example.com" then count = count + 1 end
    end
    assert.equal(1, count)
  end)

  it("refuses a number of days that is none", function()
    local code, _, messages = run("trial_license", { TRIALS, "a@example.com", "--days", "0" }, service)
    assert.equal(2, code)
    has(messages, "'0': expected an integer from 1")
  end)

  it("refuses days that lead beyond the years, and a connector that is none", function()
    for _, case in ipairs {
      { { TRIALS, "a@example.com", "--days", "99999999" }, "'99999999': leads beyond the year 9999" },
      { { TRIALS, "a@example.com", "--days", tostring(math.maxinteger) }, "leads beyond the year 9999" },
      { { "", "a@example.com" }, "'': expected an id" },
      { { "..", "a@example.com" }, "'..': expected an id" },
    } do
      local code, output, messages = run("trial_license", case[1], service)
      assert.equal(2, code)
      assert.equal("", output)
      has(messages, "Usage: trial_license")
      has(messages, case[2])
      assert.is_nil(messages:find("traceback", 1, true))
    end
  end)
end)

describe("renew_licenses", function()
  local HEADER <const> = "connector_id,license_id,action,value\n"
  local service, client, path

  local function license_id(n)
    return ("54fa0b38a7044f9253%06x"):format(n)
  end

  local function row(n, action, value)
    return ("%s,%s,%s,%s\n"):format(CONNECTOR, license_id(n), action, value or "")
  end

  local function license(n)
    return (assert(client:get_connector_license_by_id(CONNECTOR, license_id(n))))
  end

  before_each(function()
    service = sandbox.start()
    client = celigo.new { base_url = service.url, token = "t" }
    path = os.tmpname()
  end)
  after_each(function()
    client:close()
    service:stop()
    os.remove(path)
  end)

  it("extends, upgrades and expires", function()
    local before = celigo.parse_timestamp(license(1).expires)
    write(path, HEADER .. row(1, "extend", "30") .. row(2, "upgrade", "premium") .. row(4, "expire")
      .. row(1, "upgrade", '"big, ""best"""') .. row(3, "extend", "7"))
    local code, output, messages = run("renew_licenses", { path }, service)
    assert.equal(0, code, messages)
    assert.near(before + 30 * 86400, celigo.parse_timestamp(license(1).expires), 0.001)
    assert.equal('big, "best"', license(1).opts.connectorEdition)
    assert.equal("premium", license(2).opts.connectorEdition)
    assert.near(os.time() + 7 * 86400, celigo.parse_timestamp(license(3).expires), 60) -- it had expired
    assert.is_true(celigo.parse_timestamp(license(4).expires) <= os.time())
    assert.equal(5, #lines_of(output))
    assert.equal("5 lines, 0 failed\n", messages)
  end)

  it("extends to a date, which may be run twice", function()
    write(path, HEADER .. row(1, "extend", "2031-05-31"))
    for _ = 1, 2 do assert.equal(0, (run("renew_licenses", { path }, service))) end
    assert.equal("2031-05-31T23:59:59.000Z", license(1).expires)
  end)

  it("writes nothing with --dry-run, and says what it would", function()
    local before = { license(1), license(3) }
    write(path, HEADER .. row(1, "extend", "30") .. row(3, "expire"))
    local code, output, messages = run("renew_licenses", { "--dry-run", path }, service)
    assert.equal(0, code)
    has(output, license_id(1) .. "  would extend from " .. before[1].expires)
    has(output, license_id(3) .. "  expired already")
    has(messages, "nothing was written")
    assert.same(before, { license(1), license(3) })
  end)

  it("exits with 1 where lines fail, and does the others", function()
    write(path, HEADER .. row(99, "expire") .. row(99, "extend", "3") .. row(2, "upgrade", "premium"))
    local code, output, messages = run("renew_licenses", { path }, service)
    assert.equal(1, code)
    assert.equal(1, #lines_of(output))
    has(messages, "line 2: " .. license_id(99) .. ": FAILED: GET ")
    has(messages, "line 3: " .. license_id(99) .. ": not tried: a line before it was not done")
    has(messages, "3 lines, 1 failed, 1 not tried")
    assert.equal("premium", license(2).opts.connectorEdition)
  end)

  it("sends nothing where any line is wrong, and names them all", function()
    write(path, HEADER .. row(2, "upgrade", "premium") .. row(1, "extend", "soon")
      .. row(1, "renew") .. row(1, "upgrade") .. row(1, "expire", "now") .. CONNECTOR .. ",,expire,\n")
    local code, output, messages = run("renew_licenses", { path }, service)
    assert.equal(2, code)
    assert.equal("", output)
    for line = 3, 7 do has(messages, ("line %d: "):format(line)) end
    assert.equal("standard", license(2).opts.connectorEdition)
  end)

  it("refuses ids and days that could only fail later", function()
    write(path, HEADER .. row(2, "upgrade", "premium") .. CONNECTOR .. ",..,expire,\n"
      .. ".," .. license_id(1) .. ",expire,\n" .. row(1, "extend", "99999999"))
    local code, output, messages = run("renew_licenses", { path }, service)
    assert.equal(2, code)
    assert.equal("", output)
    has(messages, "line 3: license_id '..': expected an id")
    has(messages, "line 4: connector_id '.': expected an id")
    has(messages, "line 5: extend: value '99999999': leads beyond the year 9999")
    assert.equal("standard", license(2).opts.connectorEdition)
  end)

  it("reports a line that raises, and the others", function()
    assert(client:edit_connector_license(CONNECTOR, license_id(1), function(record)
      record.expires = "9999-12-31T00:00:00Z"
    end))
    write(path, HEADER .. row(2, "upgrade", "premium") .. row(1, "extend", "30") .. row(4, "expire"))
    local code, output, messages = run("renew_licenses", { path }, service)
    assert.equal(1, code, messages)
    assert.equal(2, #lines_of(output))
    has(messages, "line 3: " .. license_id(1) .. ": FAILED: extend from 9999-12-31T00:00:00")
    has(messages, "leads beyond the year 9999\n")
    has(messages, "3 lines, 1 failed")
    local server <close> = fault.start()
    server:script { { body = '"no record"' } }
    write(path, HEADER .. row(2, "upgrade", "premium"))
    local raised, _, report = run("renew_licenses", { path }, server)
    assert.equal(1, raised)
    has(report, "line 2: " .. license_id(2) .. ": FAILED: ")
  end)

  it("shows the failures and no more with --quiet", function()
    write(path, HEADER .. row(99, "expire") .. row(2, "upgrade", "premium"))
    local code, output, messages = run("renew_licenses", { "--quiet", path }, service)
    assert.equal(1, code)
    assert.equal(1, #lines_of(output))
    has(messages, "line 2: " .. license_id(99) .. ": FAILED: ")
    assert.equal(1, #lines_of(messages))
  end)

  it("reports what the service silently drops, or changes", function()
    write(path, HEADER .. row(1, "extend", "30") .. row(2, "upgrade", "premium"))
    service:fault { operation = "update_connector_license", drop = { "expires", "opts" }, times = 2 }
    local code, output, messages = run("renew_licenses", { path, "--csv" }, service)
    assert.equal(1, code)
    has(messages, "the service did not take expires (it is not there), opts.connectorEdition (it is not there)\n")
    for _, record in ipairs((csv.parse(output))) do assert.equal("failed", record.status) end
    local server <close> = fault.start()
    write(path, HEADER .. row(1, "extend", "2027-12-31"))
    local old = '{"expires":"2027-01-01T00:00:00.000Z"}'
    server:script { { body = old }, { body = old } }
    local changed, _, report = run("renew_licenses", { path }, server)
    assert.equal(1, changed)
    has(report, "the service did not take expires (it is 2027-01-01T00:00:00.000Z)")
    server:script { { body = old }, { body = '{"expires":"2027-12-31T23:59:59Z"}' } } -- the same time
    assert.equal(0, (run("renew_licenses", { path }, server)))
  end)

  it("tells a write whose answer was lost as unknown, whichever its fate", function()
    for _, applied in ipairs { true, false } do
      service:reset()
      local before = celigo.parse_timestamp(license(1).expires)
      write(path, HEADER .. row(1, "extend", "30") .. row(1, "upgrade", "premium") .. row(2, "upgrade", "premium"))
      service:fault { operation = "update_connector_license", close = "before", applied = applied, times = 1 }
      service:fault { operation = "update_connector_license", close = "before", times = false }
      local arguments = { path, "--timeout", "0.5", "--json", "--concurrency", "1" } -- the first rule is for line 2
      local code, output, messages = run("renew_licenses", arguments, service)
      assert.equal(1, code)
      has(messages, "line 2: " .. license_id(1) .. ": UNKNOWN whether it was written: extend from ")
      has(messages, "line 3: " .. license_id(1) .. ": not tried")
      has(messages, "Look at the licenses whose fate is unknown")
      has(messages, ", 2 unknown, 1 not tried\n")
      assert.is_nil(messages:find("FAILED", 1, true))
      local status = {}
      for i, line in ipairs(lines_of(output)) do status[i] = celigo.json.decode(line).status end
      assert.same({ "unknown", "untried", "unknown" }, status)
      assert(client:request { method = "DELETE", path = "/__faults" })
      local days = (celigo.parse_timestamp(license(1).expires) - before) / 86400
      assert.near(applied and 30 or 0, days, 0.01)
    end
  end)

  it("never shortens a license", function()
    local before = license(1).expires
    write(path, HEADER .. row(1, "extend", os.date("!%Y-%m-%d", os.time() + 86400)))
    local code, _, messages = run("renew_licenses", { path }, service)
    assert.equal(1, code)
    has(messages, "an extension does not shorten")
    assert.equal(before, license(1).expires)
    write(path, HEADER .. row(1, "extend", "2016-12-31") .. row(2, "upgrade", "premium"))
    code, _, messages = run("renew_licenses", { path }, service)
    assert.equal(2, code)
    has(messages, "line 2: extend: value '2016-12-31': is in the past")
    assert.equal("standard", license(2).opts.connectorEdition)
  end)

  it("may be run twice with dates", function()
    local day = os.date("!%Y-%m-%d", os.time() + 400 * 86400)
    write(path, HEADER .. row(1, "extend", day))
    assert.equal(0, (run("renew_licenses", { path }, service)))
    local code, output = run("renew_licenses", { path }, service)
    assert.equal(0, code)
    has(output, "ends on " .. day .. "T23:59:59.000Z already")
    local puts = 0
    for _, entry in ipairs(service:journal()) do puts = puts + (entry.method == "PUT" and 1 or 0) end
    assert.equal(1, puts)
  end)

  it("ends a trial where it sets an expiry, and extends nothing that has no end", function()
    local trial = assert(client:get_connector_license_by_id(TRIALS, license_id(6)))
    local line = TRIALS .. ",%s,%s,%s\n"
    write(path, HEADER .. line:format(license_id(6), "extend", "30") .. line:format(license_id(5), "extend", "30")
      .. line:format(license_id(8), "extend", "30"))
    local code, _, messages = run("renew_licenses", { path }, service)
    assert.equal(1, code)
    has(messages, "line 3: " .. license_id(5) .. ": FAILED: it has no date on which it ends")
    has(messages, "line 4: " .. license_id(8) .. ": FAILED: it has no date on which it ends")
    local after = assert(client:get_connector_license_by_id(TRIALS, license_id(6)))
    assert.is_nil(after.trialEndDate)
    assert.near(celigo.parse_timestamp(trial.trialEndDate) + 30 * 86400, celigo.parse_timestamp(after.expires), 1)
    for _, entry in ipairs(service:journal()) do
      if entry.method == "PUT" then assert.is_nil(celigo.json.decode(entry.body).trialEndDate) end
    end
  end)

  it("upgrades to editions of the newer framework, by name and by id", function()
    local editions = assert(client:get_connector_by_id(TRIALS)).twoDotZero.editions
    local line = TRIALS .. ",%s,upgrade,%s\n"
    write(path, HEADER .. line:format(license_id(6), "business") .. line:format(license_id(7), editions[2]._id)
      .. line:format(license_id(9), "Business") .. line:format(license_id(10), "gold"))
    local code, output, messages = run("renew_licenses", { path }, service)
    assert.equal(1, code)
    has(messages, "line 5: " .. license_id(10) .. ": FAILED: the connector has no edition gold; "
      .. "there are: Starter, Business")
    has(output, license_id(9) .. "  has Business already")
    for _, n in ipairs { 6, 7, 9 } do
      local record = assert(client:get_connector_license_by_id(TRIALS, license_id(n)))
      assert.equal(editions[2]._id, record._editionId)
      assert.is_nil(record.opts and record.opts.connectorEdition)
    end
  end)

  it("reads the standard input", function()
    write(path, HEADER .. row(2, "upgrade", "premium"))
    local code, output = run("renew_licenses", { "-" }, service, "<" .. path)
    assert.equal(0, code)
    has(output, license_id(2) .. "  upgrade from standard to premium")
    local wrong, _, messages = run("renew_licenses", { "-" }, service, "</dev/null")
    assert.equal(2, wrong)
    assert.equal("standard input: it is empty\n", messages)
  end)

  it("refuses a file that is empty or lacks columns, and numbers that are none", function()
    for _, case in ipairs {
      { "", ": it is empty" }, { " \n\n", ": it is empty" },
      { "license_id,action\n1,expire\n", ": the first line names no column connector_id, value" },
      { "connector_id;license_id;action;value\na;b;expire;\n", ": the first line names no column connector_id, " },
      { HEADER .. row(1, "extend", "0x10"), "line 2: extend: value '0x10': expected days, or a date" },
      { HEADER .. row(1, "extend", "1e1"), "line 2: extend: value '1e1': expected days, or a date" },
      { HEADER .. row(1, "extend", " 3"), "line 2: extend: value ' 3': expected days" },
      { HEADER .. row(1, "extend", "-3"), "line 2: extend: value '-3': expected days" },
      { HEADER .. row(1, "extend", "2027-02-30"), "line 2: extend: value '2027-02-30': expected days" },
    } do
      write(path, case[1])
      local code, output, messages = run("renew_licenses", { path }, service)
      assert.equal(2, code, case[1])
      assert.equal("", output)
      has(messages, case[2])
    end
    for _, entry in ipairs(service:journal()) do assert.equal("GET", entry.method) end
  end)

  it("ends where the file is none", function()
    local code, _, messages = run("renew_licenses", { path .. "-missing" }, service)
    assert.equal(3, code)
    has(messages, "No such file")
    write(path, 'a,b\n"x')
    code, _, messages = run("renew_licenses", { path }, service)
    assert.equal(2, code)
    has(messages, "line 2: a quote is out of place")
    local folder = path .. "-folder"
    assert(os.execute("mkdir " .. folder))
    code, _, messages = run("renew_licenses", { folder }, service)
    os.execute("rmdir " .. folder)
    assert.equal(3, code)
    assert.equal(folder .. ": Is a directory\n", messages)
  end)
end)
