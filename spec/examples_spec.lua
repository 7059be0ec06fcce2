-- Each example as a person or cron runs it: a process, against a sandbox;
-- what it prints, what it does, its exit code.

local celigo = require "celigo"
local csv = require "examples.csv"
local fault = require "spec.support.fault_server"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"
local seeded = require "spec.support.seeded"


local CONNECTOR <const> = "54fa0b38a7044f9252000036" -- the sandbox's first
local TRIALS <const> = "54fa0b38a7044f9252000037"
local NAMES <const> = {
  "audit_connectors", "export_install_base", "quickstart", "renew_licenses", "staged_update", "trial_license",
}

local SHARED <const> = { csv = true, recipe = true }

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

-- The shell command of an example; service is a sandbox, or anything else
-- with a url, or nil for a sandbox of its own.
local function command(name, arguments, service)
  local words = {
    "env -u CELIGO_API_TOKEN -u CELIGO_BASE_URL",
    "LUA_PATH=" .. process.quote(package.path),
    "LUA_CPATH=" .. process.quote(package.cpath),
  }
  if service then
    words[#words + 1] = "CELIGO_BASE_URL=" .. process.quote(service.url)
    words[#words + 1] = "CELIGO_API_TOKEN=" .. process.quote(service.token or "any")
  end
  words[#words + 1] = process.quote(process.lua())
  words[#words + 1] = ("examples/%s.lua"):format(name)
  for _, argument in ipairs(arguments or {}) do words[#words + 1] = process.quote(argument) end
  return table.concat(words, " ")
end

-- Runs an example: exit code, standard output, standard error.
local function run(name, arguments, service)
  local errors = os.tmpname()
  local pipe = assert(io.popen(command(name, arguments, service) .. " 2>" .. errors))
  local output = pipe:read "a"
  local _, _, code = pipe:close()
  local messages = read(errors)
  os.remove(errors)
  return code, output, messages
end

local function has(text, part)
  assert.truthy(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text))
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

describe("every example", function()
  it("is covered here", function()
    local pipe <close> = assert(io.popen "ls examples/*.lua")
    local found = {}
    for path in pipe:lines() do
      local name = path:match "([^/]+)%.lua$"
      if not SHARED[name] then found[#found + 1] = name end
    end
    assert.same(NAMES, found)
  end)

  for _, name in ipairs(NAMES) do
    it("explains itself: " .. name, function()
      local code, output, messages = run(name, { "--help" })
      assert.equal(0, code)
      has(output, "Usage: " .. name)
      has(output, "--live")
      has(output, "Exit codes:")
      assert.equal("", messages)
    end)

    it("refuses an unknown option: " .. name, function()
      local code, output, messages = run(name, { "--no-such-option" })
      assert.equal(2, code)
      assert.equal("", output)
      has(messages, "Usage: " .. name)
    end)
  end

  it("says what is missing where --live has no token, without a traceback", function()
    local code, output, messages = run("audit_connectors", { "--live" })
    assert.equal(3, code)
    assert.equal("", output)
    has(messages, "CELIGO_API_TOKEN")
    assert.is_nil(messages:find("traceback", 1, true))
  end)

  it("ends with 3 and one line where the service refuses", function()
    local service <close> = sandbox.start { token = "right" }
    local code, _, messages = run("audit_connectors", {}, { url = service.url, token = "wrong" })
    assert.equal(3, code)
    has(messages, "GET /v1/connectors: 401 unauthorized")
    assert.equal(1, #lines_of(messages))
    assert.is_nil(messages:find("wrong", 1, true))
  end)
end)

describe("quickstart", function()
  it("shows everything on a sandbox of its own, and no colours in a pipe", function()
    local code, output, messages = run "quickstart"
    assert.equal(0, code, messages)
    assert.equal("", messages)
    has(output, "a sandbox: nothing real is touched")
    has(output, "Storefront to Ledger")
    has(output, "grace@example.com may use it until " .. os.date("!%Y-%m-%d", os.time() + 30 * 86400))
    has(output, "now premium")
    has(output, "Bruno Castel")
    has(output, '"stackRequired":true')
    has(output, "404 invalid_ref")
    has(output, "email is required")
    has(output, "8. Clean up")
    assert.is_nil(output:find "\27")
  end)

  it("leaves the account as it was, with --live too", function()
    local service <close> = sandbox.start { journal = true }
    local client <close> = celigo.new { base_url = service.url, token = "t" }
    local before = client:list_connectors()
    local code, output = run("quickstart", { "--live", "--email", "kim@example.com" }, service)
    assert.equal(0, code)
    has(output, "kim@example.com may use it")
    assert.same(before, (client:list_connectors()))
    local methods = {}
    for _, entry in ipairs(client:request({ path = "/__journal" }).requests) do
      methods[entry.method] = (methods[entry.method] or 0) + 1
    end
    assert.equal(2, methods.POST)
    assert.equal(1, methods.PUT)
    assert.equal(2, methods.DELETE)
  end)

  it("cleans up where a step fails", function()
    local service <close> = sandbox.start()
    local client <close> = celigo.new { base_url = service.url, token = "t" }
    local code, _, messages = run("quickstart", { "--email", "unknown@example.com" }, service)
    assert.equal(3, code)
    has(messages, "invalid_user")
    assert.equal(4, #client:list_connectors())
  end)

  it("asks for an address with --live", function()
    local code, _, messages = run("quickstart", { "--live" }, { url = "http://127.0.0.1:1" })
    assert.equal(2, code)
    has(messages, "--email")
  end)

  it("writes its events with --log", function()
    local path = os.tmpname()
    assert.equal(0, (run("quickstart", { "--log", path })))
    local types = {}
    for line in io.lines(path) do types[assert(celigo.json.decode(line)).type] = true end
    os.remove(path)
    assert.same({ request = true, response = true, page = true }, types)
  end)
end)

describe("audit_connectors", function()
  it("exits with 1 and names what it finds", function()
    local code, output, messages = run "audit_connectors"
    assert.equal(1, code)
    local lines = lines_of(output)
    assert.equal(3, #lines)
    has(lines[2], "published without a stack")
    has(lines[3], "nobody@warehouse.invalid")
    assert.equal("4 connectors, 2 findings\n", messages)
  end)

  it("exits with 0 where all is well", function()
    local service <close> = sandbox.start { seed = 3 }
    local code, output = run("audit_connectors", {}, service)
    assert.equal(0, code)
    assert.equal("", output)
  end)

  it("finds trials without a template, a template that is gone or has expired, and bad addresses", function()
    local service <close> = sandbox.start { seed = false }
    local client <close> = celigo.new { base_url = service.url, token = "t", validate = false }
    local function create(name, members)
      members.name = name
      return assert(client:create_connector(members))
    end
    create("gone", { trialEnabled = true, trialPeriod = 30, _trialLicenseId = ("f"):rep(24) })
    local expired = create("expired", { contactEmail = "help@shop.test" })
    local license = assert(client:create_connector_license(expired._id, {
      email = "a@example.com", expires = "2020-01-01T00:00:00Z", opts = {},
    }))
    assert(client:edit_connector(expired._id, function(connector)
      connector.trialEnabled, connector.trialPeriod, connector._trialLicenseId = true, 30, license._id
    end))
    create("silent", { published = true, _stackId = ("5"):rep(24) })
    create("unread", { contactEmail = "no-reply@shop.example.com" })
    local code, output = run("audit_connectors", { "--json" }, service)
    assert.equal(1, code)
    local found = {}
    for i, line in ipairs(lines_of(output)) do
      local finding = assert(celigo.json.decode(line))
      found[i] = finding.name .. ": " .. finding.rule
    end
    assert.same({
      "gone: no_template", "expired: no_address", "expired: no_template", "silent: no_address", "unread: no_address",
    }, found)
  end)
end)

describe("export_install_base", function()
  it("writes a row for each license, with its installation", function()
    local service <close> = sandbox.start { seed = 30, page_size = 3 }
    local client <close> = celigo.new { base_url = service.url, token = "t", rate_limit = false }
    local code, output, messages = run("export_install_base", { "--concurrency", "4" }, service)
    assert.equal(0, code, messages)
    local rows = assert(csv.parse(output))
    local expected = {}
    for connector in client:each_connector() do
      for license in client:each_connector_license(connector._id) do
        expected[#expected + 1] = ("%s %s %s %s"):format(
          connector.name, license._id, license.user.email, license._integrationId or "")
      end
    end
    local got = {}
    for i, row in ipairs(rows) do
      got[i] = ("%s %s %s %s"):format(row.connector, row.license_id, row.email, row.integration_id)
      assert.equal(row.integration_id ~= "", row.version ~= "")
    end
    assert.same(expected, got)
    assert.equal(("%d rows of 30 connectors\n"):format(#rows), messages) -- no progress bar in a pipe
  end)

  it("keeps installations whose license is gone", function()
    local service <close> = sandbox.start { seed = 1 }
    local client <close> = celigo.new { base_url = service.url, token = "t" }
    assert(client:delete_connector_license(CONNECTOR, "54fa0b38a7044f9253000001"))
    local _, output = run("export_install_base", {}, service)
    local rows = assert(csv.parse(output))
    assert.equal(4, #rows)
    assert.equal("54fa0b38a7044f9254000001", rows[4].integration_id)
    assert.equal("", rows[4].expires)
  end)

  it("can leave all out but what expires soon", function()
    local _, output = run("export_install_base", { "--expiring", "14" })
    local rows = assert(csv.parse(output))
    assert.equal(2, #rows)
    for _, row in ipairs(rows) do
      local left = celigo.parse_timestamp(row.expires) - os.time()
      assert.is_true(left > 0 and left <= 14 * 86400)
    end
  end)

  it("leaves a file alone where the export fails, and replaces it where it works", function()
    local service <close> = sandbox.start { token = "right" }
    local path = os.tmpname()
    write(path, "old")
    assert.equal(3, (run("export_install_base", { "-o", path }, { url = service.url, token = "wrong" })))
    assert.equal("old", read(path))
    assert.equal(0, (run("export_install_base", { "-o", path }, service)))
    assert.equal(7, #assert(csv.parse(read(path))))
    os.remove(path)
  end)

  it("exits with 1 and exports the others where a connector cannot be read", function()
    local server <close> = fault.start()
    server:script {
      { body = '[{"_id":"a","name":"A"},{"_id":"b","name":"B"}]' },
      { body = "[]" }, { body = "[]" },
      { status = 403, body = '{"message":"Forbidden"}' },
    }
    local code, output, messages = run("export_install_base", { "--concurrency", "1" }, server)
    assert.equal(1, code)
    assert.equal(1, #lines_of(output))
    has(messages, "B: left out: GET /v1/connectors/b/")
    has(messages, "0 rows of 1 connectors, 1 failed")
  end)

  it("shows a progress bar on a terminal", function()
    local version = io.popen("script --version 2>/dev/null"):read "a"
    if not version:find "util%-linux" then return pending "needs script of util-linux" end
    local path = os.tmpname()
    local inner = command("export_install_base", { "-o", path })
    local pipe = assert(io.popen(("script -qec %s /dev/null </dev/null"):format(process.quote(inner))))
    local shown = pipe:read "a"
    pipe:close()
    os.remove(path)
    has(shown, "4/4")
  end)
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
    write(path, HEADER .. row(2, "upgrade", "premium") .. row(1, "extend", "soon") .. row(1, "renew") .. row(1, "upgrade")
      .. row(1, "expire", "now") .. CONNECTOR .. ",,expire,\n")
    local code, output, messages = run("renew_licenses", { path }, service)
    assert.equal(2, code)
    assert.equal("", output)
    for line = 3, 7 do has(messages, ("line %d: "):format(line)) end
    assert.equal("standard", license(2).opts.connectorEdition)
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
    server:script { { body = installs }, { body = installs }, { status = 200 }, { body = installs } }
    assert.equal(0, (run("staged_update", arguments, server)))
    local put = server:requests()[3]
    assert.equal("PUT", put.method)
    assert.equal('{"_integrationIds":["b"]}', put.body)
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
    has(messages, "a is not in the install base any more")
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

describe("csv", function()
  it("reads what it writes", function()
    seeded.each(300, function(random)
      local names, text = {}, {}
      for i = 1, random:integer(2, 5) do names[i] = "c" .. i end
      text[1] = csv.line(names)
      local expected = {}
      for i = 1, random:integer(0, 5) do
        local record, cells = {}, {}
        for n, name in ipairs(names) do
          local parts = {}
          for k = 1, random:integer(0, 4) do parts[k] = random:pick { "a", '"', ",", "\n", "\r\n", " ", "é" } end
          cells[n] = table.concat(parts)
          record[name] = cells[n]
        end
        expected[i], text[i + 1] = record, csv.line(cells)
      end
      local rows = assert(csv.parse(table.concat(text)))
      for _, record in ipairs(rows) do record.line = nil end
      assert.same(expected, rows)
    end)
  end)

  it("takes what other programs write", function()
    assert.same({ { line = 2, a = "1", b = "2" } }, (csv.parse "\u{FEFF}a,b\r\n1,2"))
    assert.same({ { line = 2, a = "1", b = "x\ny" }, { line = 4, a = "", b = "" } }, (csv.parse 'a,b\n1,"x\ny"\n,\n\n'))
    assert.same({}, (csv.parse ""))
  end)

  it("tells the line of what is wrong", function()
    for _, case in ipairs {
      { 'a\n"x', "line 2: a quote is out of place" },
      { 'a\nx"y\n', "line 2: a quote is out of place" },
      { 'a,b\n"1"2,3\n', "line 2: a quote is out of place" },
      { "a,b\n1,2\n3\n", "line 3: 1 cells, expected 2" },
    } do
      local rows, message = csv.parse(case[1])
      assert.is_nil(rows)
      assert.equal(case[2], message)
    end
  end)
end)
