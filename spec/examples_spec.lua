-- Examples as a person or cron runs them, a process each: what they have in
-- common, and those that read. What they print, their exit codes.

local celigo = require "celigo"
local example = require "spec.support.example"
local csv = require "recipe.csv"
local fault = require "spec.support.fault_server"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

local read, write, run = example.read, example.write, example.run
local has, lines_of = example.has, example.lines_of

local CONNECTOR <const> = "54fa0b38a7044f9252000036" -- the sandbox's first
local NAMES <const> = {
  "audit_connectors", "clone_connector", "dashboard", "export_install_base", "quickstart", "renew_licenses",
  "staged_update", "trial_license",
}

local SHARED <const> = { recipe = true }

-- A file of renewals; it is the caller's to remove.
local function write_renewals()
  local path = os.tmpname()
  write(path, "connector_id,license_id,action,value\n" .. CONNECTOR .. ",54fa0b38a7044f9253000001,extend,1\n")
  return path
end

-- What every example can be run with.
local function usual_arguments(renewals)
  return {
    audit_connectors = {},
    clone_connector = { CONNECTOR },
    dashboard = {},
    export_install_base = {},
    quickstart = {},
    renew_licenses = { renewals },
    staged_update = { CONNECTOR },
    trial_license = { CONNECTOR, "new@example.com" },
  }
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
      has(output, "--dry-run")
      has(output, "--region {us,eu}")
      has(output, "--timeout SECONDS")
      has(output, "Examples:\n   lua5.4 examples/" .. name .. ".lua")
      has(output, "Exit codes:")
      assert.equal("", messages)
    end)

    it("tells its version: " .. name, function()
      local code, output = run(name, { "--version" })
      assert.equal(0, code)
      assert.equal(("%s (%s)\n"):format(name, celigo._VERSION), output)
    end)

    it("refuses an unknown option: " .. name, function()
      local code, output, messages = run(name, { "--no-such-option" })
      assert.equal(2, code)
      assert.equal("", output)
      has(messages, "Usage: " .. name)
      local hint = select(3, run(name, { "--quit" }))
      has(hint, "Error: unknown option '--quit'; did you mean '--quiet'?\n")
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

  it("changes nothing with --dry-run", function()
    local service <close> = sandbox.start()
    local path = write_renewals()
    for name, arguments in pairs(usual_arguments(path)) do
      table.insert(arguments, 1, "--dry-run")
      local code, output = run(name, arguments, service)
      assert.is_true(code == 0 or name == "audit_connectors", name)
      assert.is_true(#output > 0, name)
    end
    os.remove(path)
    local requests = service:journal()
    assert.is_true(#requests > 6)
    for _, request in ipairs(requests) do assert.equal("GET", request.method) end
  end)

  it("changes nothing with --dry-run in an account that has nothing", function()
    local service <close> = sandbox.start { seed = false }
    local code, output = run("quickstart", { "--dry-run" }, service)
    assert.equal(0, code)
    has(output, "Nothing was changed.")
  end)

  it("shows what its options are without being given", function()
    for name, texts in pairs {
      export_install_base = { "--concurrency N How many connectors at a time. (default: 8)" },
      renew_licenses = { "(default: 8)", " extend days", " upgrade the edition", " expire no value" },
      clone_connector = { "CELIGO_TARGET_API_TOKEN" },
      staged_update = { "(default: 10)", "(default: 600)", "Default: nowhere.", "--unsure {push,done}" },
      trial_license = { "(default: 30)", "(default: trial, or none)" },
    } do
      local _, output = run(name, { "--help" })
      local words = output:gsub("%s+", " ")
      for _, text in ipairs(texts) do has(words, text) end
      for line in output:match "^(.-)\nExamples:":gmatch "[^\n]+" do assert.is_true(#line < 80, line) end
    end
  end)

  it("says nothing but what went wrong with --quiet", function()
    local code, output, messages = run("audit_connectors", { "--quiet" })
    assert.equal(1, code)
    assert.equal(3, #lines_of(output))
    assert.equal("", messages)
    local service <close> = sandbox.start { token = "right" }
    local failed, _, problem = run("audit_connectors", { "--quiet" }, { url = service.url, token = "wrong" })
    assert.equal(3, failed)
    has(problem, "GET /v1/connectors: 401")
  end)

  it("ends with 3 and a message where its results cannot be written", function()
    local full <close> = io.open("/dev/full", "w")
    if not full then return pending "needs /dev/full" end
    local path = write_renewals()
    for name, arguments in pairs(usual_arguments(path)) do
      for _, given in ipairs { arguments, { "--help" } } do
        local code, _, messages = run(name, given, nil, ">/dev/full")
        assert.equal(3, code, name)
        has(messages, "The standard output could not be written: No space left on device\n")
      end
    end
    os.remove(path)
  end)

  it("is quiet where nobody reads on, whoever has the last word about SIGPIPE", function()
    local service <close> = sandbox.start { seed = { connectors = 4, installs = 2000 } }
    local code, output, messages = run("export_install_base", { "--quiet" }, service, "| head -n 1")
    assert.equal(0, code)
    assert.equal(1, #lines_of(output))
    assert.equal("", messages)
    local command = example.command("export_install_base", { "--quiet" }, service)
    local errors = os.tmpname()
    local pipe = assert(io.popen(("trap '' PIPE; %s 2>%s | head -n 1"):format(command, errors)))
    assert.equal(1, #lines_of(pipe:read "a"))
    pipe:close()
    assert.equal("", read(errors))
    os.remove(errors)
  end)

  it("goes on where nobody reads what it says, and does all that it has to", function()
    if not os.execute "env --default-signal=PIPE true 2>/dev/null" then return pending "env cannot set signals here" end
    local service <close> = sandbox.start { update_seconds = 0, seed = { connectors = 4, installs = 60 } }
    local path, renewals = os.tmpname(), write_renewals()
    local writes = { clone_connector = 1, quickstart = 5, renew_licenses = 1, staged_update = 3, trial_license = 1 }
    local found = { audit_connectors = 1 }
    local arguments = usual_arguments(renewals)
    arguments.staged_update = { CONNECTOR, "--wave", "30" }
    for _, name in ipairs(NAMES) do
      service:reset()
      local command = example.command(name, arguments[name], service)
      local pipe = assert(io.popen(("{ env --default-signal=PIPE %s; echo $? >%s; } 2>&1 | head -n 1"):format(
        command, path)))
      assert.equal(1, #lines_of(pipe:read "a"), name)
      pipe:close()
      assert.equal(("%d\n"):format(found[name] or 0), read(path), name)
      local count = 0
      for _, entry in ipairs(service:journal()) do count = count + (entry.applied and 1 or 0) end
      assert.equal(writes[name] or 0, count, name)
    end
    os.remove(path)
    os.remove(renewals)
  end)

  it("has a client that cannot write where it only reads, and in a dry run", function()
    local renewals = write_renewals()
    local code = [[
      local celigo = require "celigo"
      local new = celigo.new
      function celigo.new(options)
        io.stderr:write("read-only: ", tostring(options.read_only), "\n")
        return new(options)
      end]]
    local service <close> = sandbox.start { update_seconds = 0 }
    local reads = { audit_connectors = true, dashboard = true, export_install_base = true }
    for name, arguments in pairs(usual_arguments(renewals)) do
      for _, more in ipairs { false, "--dry-run" } do
        service:reset()
        local all = table.move(arguments, 1, #arguments, 1, {})
        all[#all + 1] = more or nil
        local command = ("LUA_INIT=%s %s 2>&1"):format(process.quote(code), example.command(name, all, service))
        local pipe <close> = assert(io.popen(command))
        has(pipe:read "a", "read-only: " .. ((reads[name] or more) and "true" or "nil"))
      end
    end
    os.remove(renewals)
  end)

  it("says where --region does not count", function()
    local code, _, messages = run("export_install_base", { "--region", "eu" })
    assert.equal(0, code)
    has(messages, "--region counts with --live only")
    local service <close> = sandbox.start()
    code, _, messages = run("export_install_base", { "--live", "--region", "eu" }, service)
    assert.equal(2, code)
    has(messages, "--region and CELIGO_BASE_URL both say where the account is")
    assert.same({}, service:journal())
  end)

  it("goes to the region that is named", function()
    local proxy <close> = fault.start()
    for region, host in pairs { us = "api.integrator.io:443", eu = "api.eu.integrator.io:443" } do
      proxy:script { { status = 502, headers = { Connection = "close" } } }
      local words = ("env CELIGO_API_TOKEN=secret https_proxy=%s LUA_PATH"):format(proxy.url)
      local command = example.command("audit_connectors", { "--live", "--region", region, "--timeout", "0.5" })
      local pipe = assert(io.popen(command:gsub("^env .- LUA_PATH", words) .. " 2>&1"))
      local output = pipe:read "a"
      local _, _, code = pipe:close()
      assert.equal(3, code, output)
      assert.equal("CONNECT", proxy:requests()[1].method)
      assert.equal(host, proxy:requests()[1].target)
      assert.is_nil(output:find("secret", 1, true))
    end
  end)

  it("ends with a line, not a traceback, where what answers is no service", function()
    local path = write_renewals()
    for _, body in ipairs {
      '[1,2,"x",null,true]', "[{}]", '[{"_id":null}]', '[{"_id":7,"name":{}}]', "{}", '"x"', "null", "5", "[[]]",
      "<html>", '[{"_id":"a","twoDotZero":{"editions":[null,5,{"_id":3}]},"contactEmail":[],"trialEnabled":true}]',
      '{"_id":"a","twoDotZero":{"editions":{"a":1}},"framework":"twoDotZero","name":5,"expires":{},"opts":[]}',
    } do
      local server <close> = fault.start()
      for name, arguments in pairs(usual_arguments(path)) do
        server:script { { body = body } }
        local _, output, messages = run(name, { "--dry-run", table.unpack(arguments) }, server)
        assert.is_nil((output .. messages):find("traceback", 1, true), name .. body)
        assert.is_nil((output .. messages):find("attempt to", 1, true), name .. body)
      end
    end
    os.remove(path)
    local server <close> = fault.start()
    for _, case in ipairs {
      { '{"_id":"a"}', "GET /v1/connectors: decode " }, { "[{}]", "GET /v1/connectors: the answer is no record: does" },
    } do
      server:script { { body = case[1] } }
      local code, _, messages = run("audit_connectors", {}, server)
      assert.equal(3, code)
      has(messages, case[2])
    end
  end)

  it("ends where a call takes longer than --timeout", function()
    local service <close> = sandbox.start { faults = { { delay = 1000, times = false } } }
    local code, _, messages = run("audit_connectors", { "--timeout", "0.2" }, service)
    assert.equal(3, code)
    has(messages, "GET /v1/connectors: timeout")
    code, _, messages = run("audit_connectors", { "--timeout", "0x10" }, service)
    assert.equal(2, code)
    has(messages, "'0x10': expected seconds")
  end)

  it("sends no control character of a name, and breaks no row", function()
    local service <close> = sandbox.start()
    local client <close> = celigo.new { base_url = service.url, token = "t" }
    local bad = "Store\27[31m\n\r\u{9B}2J\u{202E}\u{2028}\u{85}\127=x"
    assert(client:edit_connector(CONNECTOR, function(record)
      record.name, record._stackId, record.contactEmail = bad, nil, nil
    end))
    local path = write_renewals()
    for name, arguments in pairs(usual_arguments(path)) do
      for _, format in ipairs { "table", "--json", "--csv" } do
        local words = { "--dry-run", table.unpack(arguments) }
        if format ~= "table" and name ~= "dashboard" and name ~= "quickstart" then words[#words + 1] = format end
        local _, output, messages = run(name, words, service)
        for _, text in ipairs { output, messages } do
          assert.is_nil(text:find "[\0-\8\11-\31\127]", name)
          for _, mark in ipairs { "\u{9B}", "\u{85}", "\u{202E}", "\u{2028}" } do
            assert.is_nil(text:find(mark, 1, true), name)
          end
        end
      end
    end
    os.remove(path)
    local _, output = run("audit_connectors", { "--csv" }, service)
    assert.equal(5, #lines_of(output), output)
    has(output, "Store\\u{1B}[31m\\u{A}\\u{D}\\u{9B}2J\\u{202E}\\u{2028}\\u{85}\\u{7F}=x")
    _, output = run("audit_connectors", { "--json" }, service)
    assert.equal(bad, celigo.json.decode(lines_of(output)[1]).name)
  end)

  it("notices that a part of its results was lost, were it the last that was buffered", function()
    if not io.open "/dev/full" then return pending "needs /dev/full" end
    local service <close> = sandbox.start { seed = 60, page_size = 100 }
    local code, _, messages = run("export_install_base", {}, service, ">/dev/full")
    assert.equal(3, code)
    has(messages, "could not be written")
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
    has(output, "bruno1@example.com")
    has(output, "What an install of Parcel Tracker would make")
    has(output, "404 invalid_ref")
    has(output, "email is required")
    has(output, "8. Clean up")
    assert.is_nil(output:find "\27")
  end)

  it("takes records that lack what it shows", function()
    local service <close> = sandbox.start { seed = false }
    local client <close> = celigo.new { base_url = service.url, token = "t", validate = false }
    assert(client:create_connector { name = "odd", numInstalls = celigo.null, published = celigo.null })
    local code, output = run("quickstart", {}, service)
    assert.equal(0, code)
    has(output, "8. Clean up")
    for _, opts in ipairs { "null", "5", "[]" } do
      local body = ('{"_id":"x","opts":%s,"user":null}'):format(opts)
      service:fault { operation = "get_connector_license_by_id", status = 200, body = body }
      code, output = run("quickstart", {}, service)
      assert.equal(0, code)
      has(output, "now premium")
    end
  end)

  it("leaves the account as it was, with --live too", function()
    local service <close> = sandbox.start()
    local client <close> = celigo.new { base_url = service.url, token = "t" }
    local before = client:list_connectors()
    local code, output = run("quickstart", { "--live", "--email", "kim@example.com" }, service)
    assert.equal(0, code)
    has(output, "kim@example.com may use it")
    assert.same(before, (client:list_connectors()))
    local methods = {}
    for _, entry in ipairs(service:journal()) do
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

  it("says whose address it is where no sandbox is left there", function()
    local service = sandbox.start()
    local url = service.url
    service:stop()
    local code, _, messages = run("quickstart", {}, { url = url })
    assert.equal(3, code)
    has(messages, "connect_failed")
    has(messages, "CELIGO_BASE_URL is " .. url)
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

  it("finds nothing in a healthy connector of the newer framework, nor in lists of addresses", function()
    local service <close> = sandbox.start { seed = false }
    local client <close> = celigo.new { base_url = service.url, token = "t", validate = false }
    for _, contact in ipairs { "a@x.com,b@x.com", "a@x.com,b@y.org,c@y.org", "a@x.com" } do
      assert(client:create_connector {
        name = "newer", published = true, framework = "twoDotZero", contactEmail = contact,
        twoDotZero = { _integrationId = ("1"):rep(24), editions = celigo.array {} },
      })
    end
    local code, output, messages = run("audit_connectors", {}, service)
    assert.equal(0, code)
    assert.equal("", output .. messages)
    assert(client:create_connector { name = "one bad", contactEmail = "a@x.com,no-reply@x.com" })
    code, output = run("audit_connectors", {}, service)
    assert.equal(1, code)
    has(output, "contact address no-reply@x.com is a mailbox that nobody reads")
    assert.equal(2, #lines_of(output))
  end)

  it("prints the same bytes at each run", function()
    local service <close> = sandbox.start { seed = 40 }
    local outputs = {}
    for i = 1, 4 do outputs[i] = select(2, run("audit_connectors", { i < 4 and "--json" or "--csv" }, service)) end
    assert.equal(20, #lines_of(outputs[1]))
    assert.equal(outputs[1], outputs[2])
    assert.equal(outputs[1], outputs[3])
    assert.equal(20, #csv.parse(outputs[4]))
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

describe("audit_connectors, where the service refuses", function()
  local refusal <const> = { status = 403, body = '{"message":"Forbidden"}' }
  local connectors <const> = [=[[{"_id":"a","name":"A","contactEmail":"a@shop.invalid"},]=]
    .. [=[{"_id":"b","name":"B","trialEnabled":true,"_trialLicenseId":"t"}]]=]

  it("exits with 1 and names the connector, where others were audited", function()
    local server <close> = fault.start()
    server:script { { body = connectors }, refusal }
    local code, output, messages = run("audit_connectors", {}, server)
    assert.equal(1, code)
    has(output, "a@shop.invalid")
    has(messages, "B: not audited: GET /v1/connectors/b/licenses/t: 403")
    has(messages, "2 connectors, 1 findings, 1 not audited\n")
    server:script { { body = connectors:gsub("shop.invalid", "shop.com") }, refusal }
    assert.equal(1, (run("audit_connectors", {}, server))) -- nothing found in the others
  end)

  it("exits with 3 where none was audited", function()
    local server <close> = fault.start()
    server:script { { body = "[" .. connectors:match "},(.*)$" }, refusal }
    local code, output, messages = run("audit_connectors", {}, server)
    assert.equal(3, code)
    assert.equal("", output)
    has(messages, "B: not audited")
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

  it("has the members of both shapes", function()
    local _, output = run("export_install_base", { "--json" })
    local by_license = {}
    for _, line in ipairs(lines_of(output)) do
      local row = assert(celigo.json.decode(line))
      by_license[row.license_id] = row
    end
    local older, trial = by_license["54fa0b38a7044f9253000001"], by_license["54fa0b38a7044f9253000006"]
    assert.equal("premium", older.edition)
    assert.equal(celigo.null, older.trial_end)
    assert.equal("Birch & Sons", older.company)
    assert.is_false(older.update_in_progress)
    assert.equal("Starter", trial.edition)
    assert.equal("integrationApp", trial.type)
    assert.equal(celigo.null, trial.expires)
    assert.is_string(trial.trial_end)
    local template = by_license["54fa0b38a7044f9253000005"]
    assert.equal(celigo.null, template.expires)
    assert.equal(celigo.null, template.trial_end)
  end)

  it("counts an installation once, however many licenses name it, and joins by the integration", function()
    local server <close> = fault.start()
    local licenses = [=[[{"_id":"p","_integrationId":"i","user":{"email":"a@x.com"}},{"_id":"c","_integrationId":"i"},
      {"_id":"n","user":null,"opts":null}]]=]
    local installed = [=[[{"_integrationId":"i","version":"2.0.0","email":"a@x.com"},{"_integrationId":null,
      "email":"b@x.com"}]]=]
    server:script { { body = '[{"_id":"k","name":null}]' }, -- and two at once
      { body = licenses, only = "/licenses" }, { body = installed, only = "/installBase" } }
    local code, output, messages = run("export_install_base", {}, server)
    assert.equal(0, code, messages)
    local got = {}
    for i, row in ipairs((csv.parse(output))) do
      got[i] = ("%s %s %s %s"):format(row.license_id, row.email, row.integration_id, row.version)
    end
    assert.same({ "p a@x.com i 2.0.0", "c a@x.com i 2.0.0", "n   ", " b@x.com  " }, got)
  end)

  it("writes no formula", function()
    local service <close> = sandbox.start { seed = 1 }
    local client <close> = celigo.new { base_url = service.url, token = "t" }
    for _, name in ipairs { '=cmd|"/c calc"!A1', "+1", "-1", "@x", "  =1", "\u{FF1D}1" } do
      assert(client:edit_connector(CONNECTOR, function(record) record.name = name end))
      local _, output = run("export_install_base", {}, service)
      assert.is_nil(output:find '\n[^\n]*,"?%s*[=+@-]')
      assert.equal(name, csv.parse(output)[1].connector) -- and reads back
    end
  end)

  it("can leave all out but what ends soon, trials too, and what has ended in use", function()
    local _, output = run("export_install_base", { "--expiring", "14" })
    local ids = {}
    for i, row in ipairs((csv.parse(output))) do ids[i] = row.license_id:sub(-1) end
    assert.same({ "2", "3", "6" }, ids) -- 9 days; 20 days ago, installed; a trial of 12 days
  end)

  it("says nothing where nothing ends, so that cron does not mail", function()
    local service <close> = sandbox.start { seed = false }
    local code, output, messages = run("export_install_base", { "--expiring", "14" }, service)
    assert.equal(0, code)
    assert.equal("", output .. messages)
    code, output, messages = run("audit_connectors", { "--csv" }, service)
    assert.equal(0, code)
    assert.equal("", output .. messages)
    local path = os.tmpname()
    write(path, "yesterday's")
    assert.equal(0, (run("export_install_base", { "--expiring", "14", "-o", path }, service)))
    assert.same({}, (csv.parse(read(path))))
    os.remove(path)
  end)

  it("leaves a file as it was where one connector is refused", function()
    local service <close> = sandbox.start {
      faults = { { operation = "list_connector_licenses", after = 1, status = 403, body = '{"message":"Forbidden"}' } },
    }
    has(example.assert_keeps_file("export_install_base", service, " is left as it was: the export is not whole"),
      "could not be read: GET /v1/connectors/")
  end)

  it("keeps the mode of a file, and a link to it", function()
    local folder = os.tmpname()
    os.remove(folder)
    local prepare = "mkdir %s && cd %s && echo old > file && chmod 600 file && ln -s file link"
    assert(os.execute(prepare:format(folder, folder)))
    assert.equal(0, (run("export_install_base", { "-o", folder .. "/link" })))
    assert.equal(11, #csv.parse(read(folder .. "/file")))
    local pipe <close> = assert(io.popen(("cd %s && ls -l | cut -c 1-10 && ls"):format(folder)))
    has(pipe:read "a", "\n-rw-------\nlrwxrwxrwx\nfile\nlink\n") -- and nothing else is left
    os.execute("rm -r " .. folder)
  end)

  it("leaves a file alone where the export fails, and replaces it where it works", function()
    local service <close> = sandbox.start { token = "right" }
    local path = os.tmpname()
    write(path, "old")
    assert.equal(3, (run("export_install_base", { "-o", path }, { url = service.url, token = "wrong" })))
    assert.equal("old", read(path))
    assert.equal(0, (run("export_install_base", { "-o", path }, service)))
    assert.equal(11, #assert(csv.parse(read(path))))
    os.remove(path)
  end)

  it("writes to what is no file, and leaves it what it is", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute(("mkdir %s && mkfifo -m 600 %s/fifo"):format(folder, folder)))
    local reader = assert(io.popen(("timeout 20 cat %s/fifo"):format(folder)))
    assert.equal(0, (run("export_install_base", { "-o", folder .. "/fifo" })))
    assert.is_true(os.execute(("test -p %s/fifo"):format(folder)))
    assert.equal(11, #assert(csv.parse(reader:read "a")))
    reader:close()
    local code, _, messages = run("export_install_base", { "-o", folder })
    assert.equal(3, code)
    has(messages, folder .. ": Is a directory")
    assert.is_nil(messages:find("traceback", 1, true))
    os.execute("rm -r " .. folder)
  end)

  it("refuses days that lead beyond the years", function()
    local code, _, messages = run("export_install_base", { "--expiring", "99999999" })
    assert.equal(2, code)
    has(messages, "'99999999': leads beyond the year 9999")
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
    has(messages, "B: could not be read: GET /v1/connectors/b/")
    has(messages, "0 rows of 1 connectors, 1 could not be read")
  end)

  it("shows a progress bar on a terminal once it takes longer than a second", function()
    local version = io.popen("script --version 2>/dev/null"):read "a"
    if not version:find "util%-linux" then return pending "needs script of util-linux" end
    local path = os.tmpname()
    local service <close> = sandbox.start { delay = 0.6 }
    local code, shown = example.run_on_terminal("export_install_base", { "-o", path, "--concurrency", "1" }, service)
    os.remove(path)
    assert.equal(0, code)
    has(shown, "exporting [#######.......................] 1/4")
    has(shown, "\27[K11 rows of 4 connectors")
    local _, single = example.run_on_terminal("trial_license", { CONNECTOR, "new@example.com" }, service)
    has(single, "\27[Kworking  ") -- a call of which there is only one
    local _, quiet = example.run_on_terminal("trial_license", { "--quiet", CONNECTOR, "new@example.com" }, service)
    assert.is_nil(quiet:find "\27")
    local _, output, messages = run("export_install_base", { "-o", path, "--concurrency", "1" }, service)
    os.remove(path)
    assert.equal("12 rows of 4 connectors\n", output .. messages)
  end)
end)
