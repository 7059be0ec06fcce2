-- staged_update: that it waits for updates to end, stops where they do not end
-- well, tells what it does not know, and goes on where it stopped.

local celigo = require "celigo"
local example = require "spec.support.example"
local fault = require "spec.support.fault_server"
local sandbox = require "celigo.sandbox"

local write, run = example.write, example.run
local has, lines_of = example.has, example.lines_of

local CONNECTOR <const> = "54fa0b38a7044f9252000036" -- the sandbox's first
local OTHER <const> = "54fa0b38a7044f9252000037" -- its second
local FIRST <const>, SECOND <const>, THIRD <const> =
  "54fa0b38a7044f9254000001", "54fa0b38a7044f9254000002", "54fa0b38a7044f9254000003"

-- The integrations of each push so far, of a sandbox.
local function pushes(service)
  local list = {}
  for _, entry in ipairs(service:journal()) do
    if entry.method == "PUT" then
      list[#list + 1] = table.concat(celigo.json.decode(entry.body)._integrationIds, " ")
    end
  end
  return list
end

-- The versions of the installations of a sandbox.
local function versions(service)
  local client <close> = celigo.new { base_url = service.url, token = "t" }
  local list = {}
  for i, install in ipairs(assert(client:get_connector_install_base(CONNECTOR))) do list[i] = install.version end
  return list
end

local path

before_each(function()
  path = os.tmpname()
  os.remove(path)
end)
after_each(function() os.remove(path) end)

describe("staged_update", function()
  local service

  before_each(function() service = sandbox.start { update_seconds = 0.2 } end)
  after_each(function() service:stop() end)

  it("pushes to the canary first, then in waves, each when the one before has ended", function()
    local code, output, messages = run("staged_update", { CONNECTOR, "--wave", "1" }, service)
    assert.equal(0, code, messages)
    assert.same({ FIRST, SECOND, THIRD }, pushes(service))
    assert.same({ "1.2.0", "1.3.0", "1.4.0" }, versions(service))
    has(messages, "wave 3 of 3: " .. THIRD .. "\n")
    has(messages, "3 of 3 installations are updated\n")
    has(output, "1.3.0   1.4.0    updated")
    -- Between two pushes somebody looked until nothing was being updated.
    local looked = 0
    for _, entry in ipairs(service:journal()) do
      if entry.method == "PUT" then
        assert.is_true(looked > 0)
        looked = 0
      else
        looked = looked + 1
      end
    end
    assert.is_true(looked > 0)
  end)

  it("prints rows as JSON and as CSV", function()
    local _, output = run("staged_update", { CONNECTOR, "--json" }, service)
    local row = assert(celigo.json.decode(lines_of(output)[1]))
    assert.same({
      integration_id = FIRST, name = "Storefront to Ledger - Birch & Sons", version_before = "1.1.0",
      version = "1.2.0", status = "updated",
    }, row)
    _, output = run("staged_update", { CONNECTOR, "--dry-run", "--csv", "--wave", "2" }, service)
    has(output, "integration_id,name,version_before,version,status\n" .. FIRST)
    has(output, ",wave 2 of 2\n")
    assert.equal(4, #lines_of(output))
  end)

  it("takes the canaries that are named, each once", function()
    local arguments = { CONNECTOR, "--canary", SECOND, "--canary", SECOND }
    assert.equal(0, (run("staged_update", arguments, service)))
    assert.same({ SECOND, FIRST .. " " .. THIRD }, pushes(service))
    local code, _, messages = run("staged_update", { CONNECTOR, "--canary", "nobody" }, service)
    assert.equal(2, code)
    has(messages, "--canary nobody: not in the install base")
  end)

  it("stops where the check fails, checks again, and goes on", function()
    local arguments = { CONNECTOR, "--wave", "1", "--state", path, "--check", "false" }
    local code, output, messages = run("staged_update", arguments, service)
    assert.equal(1, code)
    has(messages, "the check of " .. FIRST .. " exited with 1")
    has(messages, "pushed, and not known to have ended well: " .. FIRST .. "; 2 were not pushed")
    has(output, "pushed\n")
    assert.equal(1, (run("staged_update", arguments, service)))
    assert.same({ FIRST }, pushes(service))
    arguments[#arguments] = "echo checked"
    local last, _, words = run("staged_update", arguments, service)
    assert.equal(0, last)
    has(words, "checked " .. FIRST .. "\n")
    assert.same({ FIRST, SECOND, THIRD }, pushes(service))
    assert.equal(0, (run("staged_update", arguments, service)))
    assert.equal(3, #pushes(service)) -- nothing is left to do
  end)

  it("leaves out who has the version that is expected", function()
    local code, _, messages = run("staged_update", { CONNECTOR, "--expect", "1.3.0", "--wait", "1" }, service)
    assert.equal(1, code)
    assert.same({ FIRST }, pushes(service)) -- the sandbox makes that 1.2.0
    has(messages, "has ended, and its version is not 1.3.0")
    assert.equal(0, (run("staged_update", { CONNECTOR, "--expect", "1.3.0", "--canary", FIRST }, service)))
    assert.same({ FIRST, FIRST, SECOND }, (function(all) return { all[1], all[2], all[3] } end)(pushes(service)))
    assert.same({ "1.3.0", "1.3.0", "1.3.0" }, versions(service))
  end)

  it("begins with one canary, whoever is left out", function()
    local code, output = run("staged_update", { CONNECTOR, "--dry-run", "--expect", "1.1.0" }, service)
    assert.equal(0, code)
    assert.same({ "wave 1 of 2: " .. SECOND, "wave 2 of 2: " .. THIRD }, lines_of(output))
  end)

  it("shows the waves and pushes nothing with --dry-run", function()
    local code, output = run("staged_update", { CONNECTOR, "--wave", "2", "--dry-run", "--state", path }, service)
    assert.equal(0, code)
    assert.same({ "wave 1 of 2: " .. FIRST, ("wave 2 of 2: %s %s"):format(SECOND, THIRD) }, lines_of(output))
    assert.same({}, pushes(service))
    assert.is_nil(io.open(path))
  end)

  it("refuses the state of another connector", function()
    assert.equal(0, (run("staged_update", { CONNECTOR, "--state", path }, service)))
    local code, _, messages = run("staged_update", { OTHER, "--state", path }, service)
    assert.equal(2, code)
    has(messages, "is the state of connector " .. CONNECTOR)
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
      '{"connector":"' .. CONNECTOR .. '","before":[],' .. lists:format "[]",
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
    assert.same({}, pushes(service))
  end)

  it("is refused, and says that nothing of the wave was pushed", function()
    service:fault { operation = "push_connector_update", status = 422, code = "no", message = "not now" }
    local code, _, messages = run("staged_update", { CONNECTOR, "--state", path }, service)
    assert.equal(3, code)
    has(messages, "422 no: not now")
    has(messages, "Nothing of this wave was pushed. 0 installations are updated; 3 were not pushed.\n")
    has(example.read(path), '"unsure":[]')
    assert.equal(0, (run("staged_update", { CONNECTOR, "--state", path }, service)))
  end)
end)

describe("staged_update, where an update", function()
  local told = { failed = "it has failed, or there was nothing to update", stuck = "has not ended after 2 s" }
  for outcome, words in pairs(told) do
    it(outcome == "failed" and "fails, stops" or "does not end, stops", function()
      local service <close> = sandbox.start { update_seconds = 0.1, updates = { [SECOND] = outcome } }
      local arguments = { CONNECTOR, "--wave", "1", "--wait", "2", "--state", path }
      local code, output, messages = run("staged_update", arguments, service)
      assert.equal(1, code)
      has(messages, "Stopped: the update of " .. SECOND)
      has(messages, words)
      has(messages, "Stopped: 1 installations are updated; pushed, and not known to have ended well: " .. SECOND
        .. "; 1 were not pushed\n")
      has(output, "1.3.0   1.3.0    not pushed")
      assert.same({ FIRST, SECOND }, pushes(service))
      -- A later run looks again before it pushes any other.
      assert.equal(1, (run("staged_update", arguments, service)))
      assert.same({ FIRST, SECOND }, pushes(service))
      local state = assert(celigo.json.decode(example.read(path)))
      assert.same({ FIRST }, state.done)
      assert.same({ SECOND }, state.unchecked)
    end)
  end

  it("is under way already, stops before it pushes", function()
    local service <close> = sandbox.start { updates = { [FIRST] = "stuck" } }
    local client <close> = celigo.new { base_url = service.url, token = "t" }
    assert(client:push_connector_update(CONNECTOR, { _integrationIds = { FIRST } }))
    local code, _, messages = run("staged_update", { CONNECTOR }, service)
    assert.equal(1, code)
    has(messages, FIRST .. " is being updated already, and not by this run")
    assert.equal(1, #pushes(service))
  end)
end)

describe("staged_update, where a push has an unclear end", function()
  it("says so, with and without a state", function()
    for _, applied in ipairs { true, false } do
      for _, rule in ipairs { { status = 502 }, { close = "before" }, { status = 408 }, { close = "body" } } do
        local service <close> = sandbox.start { update_seconds = 0.1 }
        rule.operation, rule.applied, rule.after = "push_connector_update", applied, 1
        service:fault(rule)
        local code, _, messages = run("staged_update", { CONNECTOR, "--wave", "1" }, service)
        assert.equal(3, code)
        has(messages, "1 installations are updated; it is unknown whether these were pushed: " .. SECOND
          .. "; 1 were not pushed.\n")
        has(messages, "Without --state nothing remembers this")
      end
    end
  end)

  it("sees in a later run that it was pushed, and goes on", function()
    local service <close> = sandbox.start { update_seconds = 0.1 }
    service:fault { operation = "push_connector_update", close = "before", applied = true }
    local code, _, messages = run("staged_update", { CONNECTOR, "--state", path }, service)
    assert.equal(3, code)
    has(messages, "it is unknown whether these were pushed: " .. FIRST)
    has(messages, "Run again with the same --state")
    code, _, messages = run("staged_update", { CONNECTOR, "--state", path }, service)
    assert.equal(0, code, messages)
    has(messages, "These were pushed, their installations show it: " .. FIRST)
    assert.same({ FIRST, SECOND .. " " .. THIRD }, pushes(service))
  end)

  it("asks in a later run where nothing shows it, and does what --unsure says", function()
    local service <close> = sandbox.start { update_seconds = 0.1 }
    service:fault { operation = "push_connector_update", close = "before" }
    local arguments = { CONNECTOR, "--state", path }
    assert.equal(3, (run("staged_update", arguments, service)))
    local code, _, messages = run("staged_update", arguments, service)
    assert.equal(3, code)
    has(messages, "It is unknown whether these were updated: " .. FIRST .. "\n")
    assert.same({ FIRST }, pushes(service))
    arguments[4], arguments[5], arguments[6] = "--unsure", "done", "--dry-run"
    local before = example.read(path)
    assert.equal(0, (run("staged_update", arguments, service)))
    assert.equal(before, example.read(path))
    arguments[6] = nil
    assert.equal(0, (run("staged_update", arguments, service)))
    assert.same({ FIRST, SECOND .. " " .. THIRD }, pushes(service))
    assert.same({ "1.1.0", "1.3.0", "1.4.0" }, versions(service))
  end)

  it("pushes again with --unsure push", function()
    local installs = '[{"_integrationId":"a"}]'
    for _, answer in ipairs { { status = 302 }, { status = 200, body = "<html>" } } do
      local server <close> = fault.start()
      server:script { { body = installs }, answer, { body = installs } }
      local arguments = { CONNECTOR, "--state", path }
      assert.equal(3, (run("staged_update", arguments, server)))
      local code, _, messages = run("staged_update", arguments, server)
      assert.equal(3, code)
      has(messages, "It is unknown whether these were updated: a\n")
      assert.equal(3, #server:requests())
      arguments[4], arguments[5] = "--unsure", "push"
      server:script { { body = installs }, { status = 200 }, { body = installs } }
      assert.equal(0, (run("staged_update", arguments, server)))
      assert.equal("PUT", server:requests()[2].method)
      os.remove(path)
    end
  end)

  it("knows that nothing was pushed where nothing could be sent", function()
    local server <close> = fault.start()
    server:script { { body = '[{"_integrationId":"a"}]', headers = { Connection = "close" }, last = true } }
    local code, _, messages = run("staged_update", { CONNECTOR, "--state", path }, server)
    assert.equal(3, code)
    has(messages, "connect_failed")
    has(messages, "Nothing of this wave was pushed")
    has(example.read(path), '"unsure":[]')
  end)
end)

describe("staged_update, with odd installations,", function()
  local server

  before_each(function() server = fault.start() end)
  after_each(function() server:stop() end)

  it("stops where one disappears, and goes on without it in a later run", function()
    local both, second = '[{"_integrationId":"a"},{"_integrationId":"b"}]', '[{"_integrationId":"b"}]'
    local arguments = { CONNECTOR, "--state", path, "--canary", "a", "--check", "echo checked" }
    server:script { { body = both }, { status = 200 }, { body = second } }
    local code, _, messages = run("staged_update", arguments, server)
    assert.equal(1, code)
    has(messages, "Stopped: a is not in the install base any more")
    server:script { { body = second }, { body = second }, { status = 200 }, { body = second } }
    code, _, messages = run("staged_update", arguments, server)
    assert.equal(0, code, messages)
    assert.equal("a is not in the install base any more\nwave 1 of 1: b\nchecked b\n"
      .. "1 of 1 installations are updated\n", messages)
    server:script { { body = both }, { body = both } } -- it is back, and is not pushed again
    assert.equal(0, (run("staged_update", arguments, server)))
    assert.equal("GET", server:requests()[1].method)
    assert.equal(1, #server:requests())
  end)

  it("passes over those without an integration", function()
    local installs = '[{"_integrationId":null},{"_integrationId":"b"},{},{"_integrationId":"b"}]'
    server:script { { body = installs }, { status = 200 }, { body = installs } }
    local code, _, messages = run("staged_update", { CONNECTOR }, server)
    assert.equal(0, code, messages)
    has(messages, "Passed over, without an integration id: 2\n")
    assert.equal('{"_integrationIds":["b"]}', server:requests()[2].body)
  end)

  it("makes no option of the check of an id that begins with a dash", function()
    local installs = '[{"_integrationId":"-rf"},{"_integrationId":"$(touch x); \'"}]'
    server:script { { body = installs }, { status = 200 }, { body = installs }, { status = 200 }, { body = installs } }
    local check = "printf '<%s>\\n'"
    local code, _, messages = run("staged_update", { CONNECTOR, "--check", check }, server)
    assert.equal(0, code, messages)
    has(messages, "\n<-->\n<-rf>\n")
    has(messages, "\n<$(touch x); '>\n")
  end)

  it("goes by what is told where no version is", function()
    server:script {
      { body = '[{"_integrationId":"a","updateInProgress":false}]' }, { status = 200 },
      { body = '[{"_integrationId":"a","updateInProgress":true}]' },
      { body = '[{"_integrationId":"a","updateInProgress":true}]' },
      { body = '[{"_integrationId":"a","updateInProgress":false}]' },
    }
    local code, _, messages = run("staged_update", { CONNECTOR }, server)
    assert.equal(0, code, messages)
    assert.equal(5, #server:requests())
  end)

  it("takes a state that the version before has written", function()
    write(path, ('{"connector":"%s","done":["a"],"unchecked":[],"unsure":[]}'):format(CONNECTOR))
    server:script { { body = '[{"_integrationId":"a","version":"1.0.0"}]' } }
    local code, _, messages = run("staged_update", { CONNECTOR, "--state", path }, server)
    assert.equal(0, code)
    has(messages, "1 of 1 installations are updated")
    assert.equal(1, #server:requests())
  end)
end)
