-- The examples that change things: what they write, when they stop, that
-- they can be run again.

local celigo = require "celigo"
local example = require "spec.support.example"
local fault = require "spec.support.fault_server"
local sandbox = require "celigo.sandbox"

local write, run = example.write, example.run
local has, lines_of = example.has, example.lines_of

local CONNECTOR <const> = "54fa0b38a7044f9252000036" -- the sandbox's first
local TRIALS <const> = "54fa0b38a7044f9252000037" -- its second

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

  it("creates a license for 30 days, once", function()
    local code, output = run("trial_license", { TRIALS, "Grace@example.com" }, service)
    assert.equal(0, code)
    local id, expires = output:match "^(%x+)\t(%S+)\n$"
    local license = assert(client:get_connector_license_by_id(TRIALS, id))
    assert.equal(expires, license.expires)
    assert.near(30 * 86400, celigo.parse_timestamp(expires) - os.time(), 60)
    local again, same, messages = run("trial_license", { TRIALS, "grace@example.com" }, service)
    assert.equal(0, again)
    assert.equal(output, same)
    has(messages, "has a license already")
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
    server:script { { body = "[]" }, { cut = "start", ending = "reset" } }
    local code, _, messages = run("trial_license", { TRIALS, "new@example.com" }, server)
    assert.equal(3, code)
    has(messages, "Run this again: it looks first")
    assert.equal(2, #server:requests())
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
    has(messages, "line 3: " .. license_id(99) .. ": FAILED: not tried")
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

  it("reports what the service silently drops", function()
    local server <close> = fault.start()
    write(path, HEADER .. row(1, "upgrade", "premium"))
    server:script { { body = '{"opts":{}}' }, { body = '{"opts":{}}' } }
    local code, _, messages = run("renew_licenses", { path }, server)
    assert.equal(1, code)
    has(messages, "the service did not take opts.connectorEdition")
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

describe("staged_update", function()
  local FIRST <const>, SECOND <const>, THIRD <const> =
    "54fa0b38a7044f9254000001", "54fa0b38a7044f9254000002", "54fa0b38a7044f9254000003"
  local service, client, path

  -- The integrations of each push so far.
  local function pushes()
    local list = {}
    for _, entry in ipairs(client:request({ path = "/__journal" }).requests) do
      if entry.method == "PUT" then
        list[#list + 1] = table.concat(celigo.json.decode(entry.body)._integrationIds, " ")
      end
    end
    return list
  end

  before_each(function()
    service = sandbox.start { journal = true }
    client = celigo.new { base_url = service.url, token = "t" }
    path = os.tmpname()
    os.remove(path)
  end)
  after_each(function()
    client:close()
    service:stop()
    os.remove(path)
  end)

  it("pushes to the canary first, then in waves", function()
    local code, output, messages = run("staged_update", { CONNECTOR, "--wave", "1" }, service)
    assert.equal(0, code, messages)
    assert.same({ FIRST, SECOND, THIRD }, pushes())
    has(output, "wave 3 of 3: " .. THIRD)
    assert.equal("3 of 3 installations are updated\n", messages)
  end)

  it("takes the canaries that are named", function()
    assert.equal(0, (run("staged_update", { CONNECTOR, "--canary", THIRD }, service)))
    assert.same({ THIRD, FIRST .. " " .. SECOND }, pushes())
    local code, _, messages = run("staged_update", { CONNECTOR, "--canary", "nobody" }, service)
    assert.equal(2, code)
    has(messages, "--canary nobody: not in the install base")
  end)

  it("stops where the check fails, checks again, and goes on", function()
    local arguments = { CONNECTOR, "--wave", "1", "--state", path, "--check", "false" }
    local code, _, messages = run("staged_update", arguments, service)
    assert.equal(1, code)
    has(messages, "the check of " .. FIRST .. " exited with 1")
    assert.equal(1, (run("staged_update", arguments, service)))
    assert.same({ FIRST }, pushes())
    arguments[#arguments] = "echo checked"
    local last, output = run("staged_update", arguments, service)
    assert.equal(0, last)
    assert.equal("checked " .. FIRST, lines_of(output)[1])
    assert.same({ FIRST, SECOND, THIRD }, pushes())
    assert.equal(0, (run("staged_update", arguments, service)))
    assert.equal(3, #pushes()) -- nothing is left to do
  end)

  it("does not push a wave of unknown fate again unasked", function()
    local server <close> = fault.start()
    local installs = '[{"_integrationId":"a"},{"_integrationId":"b"}]'
    server:script { { body = installs }, { cut = "start", ending = "reset" }, { body = installs } }
    local arguments = { CONNECTOR, "--state", path }
    local code, _, messages = run("staged_update", arguments, server)
    assert.equal(3, code)
    has(messages, "PUT /v1/connectors/")
    code, _, messages = run("staged_update", arguments, server)
    assert.equal(3, code)
    has(messages, "It is unknown whether these were updated: a\n")
    assert.equal(2, #server:requests())
    arguments[4], arguments[5] = "--unsure", "done"
    local before = example.read(path)
    server:script { { body = installs } }
    arguments[6] = "--dry-run"
    assert.equal(0, (run("staged_update", arguments, server)))
    arguments[6] = nil
    assert.equal(before, example.read(path))
    server:script { { body = installs }, { body = installs }, { status = 200 }, { body = installs } }
    assert.equal(0, (run("staged_update", arguments, server)))
    local put = server:requests()[3]
    assert.equal("PUT", put.method)
    assert.equal('{"_integrationIds":["b"]}', put.body)
  end)

  it("nor one that was answered by no refusal", function()
    local installs = '[{"_integrationId":"a"}]'
    for _, answer in ipairs {
      { status = 408 }, { status = 500 }, { status = 502 }, { status = 503 }, { status = 504 },
      { status = 302 }, { status = 200, body = "<html>" },
    } do
      local server <close> = fault.start()
      server:script { { body = installs }, answer }
      local arguments = { CONNECTOR, "--state", path }
      assert.equal(3, (run("staged_update", arguments, server)))
      local sent = #server:requests()
      local code, _, messages = run("staged_update", arguments, server)
      assert.equal(3, code)
      has(messages, "It is unknown whether these were updated: a\n")
      assert.equal(sent, #server:requests())
      arguments[4], arguments[5] = "--unsure", "push"
      server:script { { body = installs }, { status = 200 }, { body = installs } }
      assert.equal(0, (run("staged_update", arguments, server)))
      os.remove(path)
    end
  end)

  it("tries a wave again that could not be sent", function()
    local server <close> = fault.start()
    server:script { { body = '[{"_integrationId":"a"}]', headers = { Connection = "close" }, last = true } }
    local arguments = { CONNECTOR, "--state", path }
    local code, _, messages = run("staged_update", arguments, server)
    assert.equal(3, code)
    has(messages, "connect_failed")
    has(example.read(path), '"unsure":[]')
  end)

  it("tries a wave again that was refused", function()
    local server <close> = fault.start()
    local installs = '[{"_integrationId":"a"}]'
    server:script { { body = installs }, { status = 422, body = '{"errors":[{"code":"no","message":"not now"}]}' } }
    local arguments = { CONNECTOR, "--state", path }
    local code, _, messages = run("staged_update", arguments, server)
    assert.equal(3, code)
    has(messages, "422 no: not now")
    server:script { { body = installs }, { status = 200 }, { body = installs } }
    assert.equal(0, (run("staged_update", arguments, server)))
  end)

  it("stops where an installation disappears", function()
    local server <close> = fault.start()
    server:script { { body = '[{"_integrationId":"a"}]' }, { status = 200 }, { body = "[]" } }
    local code, _, messages = run("staged_update", { CONNECTOR }, server)
    assert.equal(1, code)
    has(messages, "Stopped: a is not in the install base any more")
  end)

  it("goes on in a later run, without what has disappeared", function()
    local server <close> = fault.start()
    local both, second = '[{"_integrationId":"a"},{"_integrationId":"b"}]', '[{"_integrationId":"b"}]'
    local arguments = { CONNECTOR, "--state", path, "--canary", "a", "--check", "echo checked" }
    server:script { { body = both }, { status = 200 }, { body = second } }
    assert.equal(1, (run("staged_update", arguments, server)))
    server:script { { body = second }, { body = second }, { status = 200 }, { body = second } }
    local code, output, messages = run("staged_update", arguments, server)
    assert.equal(0, code, messages)
    assert.same({ "wave 1 of 1: b", "checked b" }, lines_of(output))
    assert.equal("a is not in the install base any more\n1 of 1 installations are updated\n", messages)
    server:script { { body = both }, { body = both } } -- it is back, and is not pushed again
    assert.equal(0, (run("staged_update", arguments, server)))
    assert.equal("GET", server:requests()[1].method)
    assert.equal(1, #server:requests())
  end)

  it("passes over installations without an integration", function()
    local server <close> = fault.start()
    local installs = '[{"_integrationId":null},{"_integrationId":"b"},{}]'
    server:script { { body = installs }, { status = 200 }, { body = installs } }
    local code, output, messages = run("staged_update", { CONNECTOR }, server)
    assert.equal(0, code, messages)
    assert.equal("wave 1 of 1: b\n", output)
    has(messages, "Passed over for want of an integration id: 2\n")
    assert.equal('{"_integrationIds":["b"]}', server:requests()[2].body)
  end)

  it("counts a canary that is named twice once", function()
    assert.equal(0, (run("staged_update", { CONNECTOR, "--canary", SECOND, "--canary", SECOND }, service)))
    assert.same({ SECOND, FIRST .. " " .. THIRD }, pushes())
  end)

  it("ends where the state is none", function()
    local folder = path .. "-folder"
    assert(os.execute("mkdir " .. folder))
    local code, _, messages = run("staged_update", { CONNECTOR, "--state", folder }, service)
    assert.equal(3, code)
    assert.equal(folder .. ": Is a directory\n", messages)
    assert(os.execute("rmdir " .. folder))
    local lists = '"done":%s,"unchecked":[],"unsure":[]}'
    for _, text in ipairs {
      "null", "[]", "1", '"x"', "{}", "", "{",
      '{"connector":null,' .. lists:format "[]",
      '{"connector":"' .. CONNECTOR .. '",' .. lists:format "null",
      '{"connector":"' .. CONNECTOR .. '",' .. lists:format "{}",
      '{"connector":"' .. CONNECTOR .. '",' .. lists:format "[1]",
    } do
      write(path, text)
      local status, _, said = run("staged_update", { CONNECTOR, "--state", path }, service)
      assert.is_true(status == 2 or status == 3, text)
      has(said, path)
      assert.equal(1, #lines_of(said), said)
    end
    -- There is something, and it cannot be read.
    code, _, messages = run("staged_update", { CONNECTOR, "--dry-run", "--state", path .. "/state" }, service)
    assert.equal(3, code)
    has(messages, "Not a directory")
    assert.same({}, pushes())
  end)

  it("shows the waves and pushes nothing with --dry-run", function()
    local code, output = run("staged_update", { CONNECTOR, "--wave", "2", "--dry-run", "--state", path }, service)
    assert.equal(0, code)
    assert.same({ "wave 1 of 2: " .. FIRST, ("wave 2 of 2: %s %s"):format(SECOND, THIRD) }, lines_of(output))
    assert.same({}, pushes())
    assert.is_nil(io.open(path))
  end)

  it("refuses the state of another connector", function()
    assert.equal(0, (run("staged_update", { CONNECTOR, "--state", path }, service)))
    local code, _, messages = run("staged_update", { TRIALS, "--state", path }, service)
    assert.equal(2, code)
    has(messages, "is the state of connector " .. CONNECTOR)
  end)
end)
