-- Ctrl-C in the middle of each example: one line that says what is done, what
-- is not and what is unknown, exit code 130, no traceback.

local celigo = require "celigo"
local example = require "spec.support.example"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

local has, lines_of = example.has, example.lines_of

local CONNECTOR <const> = "54fa0b38a7044f9252000036" -- the sandbox's first
local FIRST <const>, SECOND <const>, THIRD <const> =
  "54fa0b38a7044f9254000001", "54fa0b38a7044f9254000002", "54fa0b38a7044f9254000003"
local HANG <const> = 1000 -- seconds

describe("Ctrl-C", function()
  local path

  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  -- How many requests of an operation have come.
  local function count(service, operation)
    local number = 0
    for _, entry in ipairs(service:journal()) do number = number + (entry.operation == operation and 1 or 0) end
    return number
  end

  -- Runs an example until so many requests of an operation have come, and
  -- interrupts it: its output.
  local function interrupt(service, name, arguments, operation, number)
    local child <close> = example.start(name, arguments, service)
    example.await(function() return count(service, operation) >= number or not child:alive() end)
    child:signal "INT"
    local status, output = child:wait()
    assert.equal(130, status, output)
    assert.is_nil(output:find("traceback", 1, true))
    local lines = {}
    for _, line in ipairs(lines_of(output)) do
      if line:find "^Interrupted: " then lines[#lines + 1] = line end
    end
    assert.equal(1, #lines, output)
    assert.equal(lines[1], lines_of(output)[#lines_of(output)])
    return lines[1], output
  end

  it("tells what a renewal has done, has not done, and may have done", function()
    for _, applied in ipairs { true, false } do
      local service <close> = sandbox.start()
      service:fault { operation = "update_connector_license", after = 1, delay = HANG, status = 500, applied = applied }
      example.write(path, "connector_id,license_id,action,value\n"
        .. CONNECTOR .. ",54fa0b38a7044f9253000001,upgrade,gold\n"
        .. CONNECTOR .. ",54fa0b38a7044f9253000002,upgrade,gold\n"
        .. CONNECTOR .. ",54fa0b38a7044f9253000003,upgrade,gold\n")
      local line, output = interrupt(service, "renew_licenses", { path, "--concurrency", "1" },
        "update_connector_license", 2)
      assert.equal("Interrupted: 1 of 3 lines are done, 1 are not; whether it was written is unknown for "
        .. "line 3 (54fa0b38a7044f9253000002)", line)
      has(output, "54fa0b38a7044f9253000001  upgrade from premium to gold\n")
      local client <close> = celigo.new { base_url = service.url, token = "t" }
      local editions = {}
      for i = 1, 3 do
        local license = assert(client:get_connector_license_by_id(CONNECTOR, "54fa0b38a7044f925300000" .. i))
        editions[i] = license.opts.connectorEdition
      end
      assert.same({ "gold", applied and "gold" or "standard", "starter" }, editions)
    end
  end)

  it("tells that a wave may have been pushed, and a later run finds out", function()
    os.remove(path)
    local service <close> = sandbox.start { update_seconds = 0.1 }
    service:fault { operation = "push_connector_update", after = 1, delay = HANG, status = 500, applied = true }
    local arguments = { CONNECTOR, "--wave", "1", "--state", path }
    local line = interrupt(service, "staged_update", arguments, "push_connector_update", 2)
    assert.equal("Interrupted: 1 installations are updated; it is unknown whether these were pushed: " .. SECOND
      .. "; 1 were not pushed", line)
    local code, _, messages = example.run("staged_update", arguments, service)
    assert.equal(0, code, messages)
    has(messages, "These were pushed, their installations show it: " .. SECOND)
    local pushed = {}
    for _, entry in ipairs(service:journal()) do
      if entry.method == "PUT" then pushed[#pushed + 1] = celigo.json.decode(entry.body)._integrationIds[1] end
    end
    assert.same({ FIRST, SECOND, THIRD }, pushed)
  end)

  it("tells that an update was pushed and has not been seen to end", function()
    local service <close> = sandbox.start { updates = { [FIRST] = "stuck" } }
    local line = interrupt(service, "staged_update", { CONNECTOR }, "get_connector_install_base", 4)
    assert.equal("Interrupted: 0 installations are updated; pushed, and not known to have ended well: " .. FIRST
      .. "; 2 were not pushed", line)
  end)

  it("leaves the file of an export as it was", function()
    example.write(path, "yesterday's")
    local operation = "list_connector_licenses"
    for _, name in ipairs { "export_install_base", "dashboard" } do
      local service <close> = sandbox.start { faults = { { operation = operation, after = 2, delay = HANG } } }
      local line = interrupt(service, name, { "-o", path, "--concurrency", "1" }, operation, 3)
      assert.equal("Interrupted: 2 of 4 connectors were read; nothing was written or changed, and " .. path
        .. " is as it was", line)
      assert.equal("yesterday's", example.read(path))
      assert.is_nil(io.popen("ls " .. path .. ".*.part 2>/dev/null"):read "l")
    end
  end)

  it("tells how far an audit came", function()
    local service <close> = sandbox.start {
      faults = { { operation = "get_connector_license_by_id", delay = HANG } },
    }
    local line = interrupt(service, "audit_connectors", {}, "get_connector_license_by_id", 1)
    assert.equal("Interrupted: 3 connectors were audited, nothing was changed, and findings are not shown", line)
  end)

  it("tells that a license may have been made, and a later run finds it", function()
    local service <close> = sandbox.start()
    service:fault { operation = "create_connector_license", delay = HANG, status = 500, applied = true }
    local arguments = { CONNECTOR, "ctrl@example.com" }
    local line = interrupt(service, "trial_license", arguments, "create_connector_license", 1)
    assert.equal("Interrupted: whether ctrl@example.com has a license now is unknown; run this again: it looks first",
      line)
    local code, _, messages = example.run("trial_license", arguments, service)
    assert.equal(0, code)
    has(messages, "has a license already")
  end)

  it("tells that no license was made where none was asked for", function()
    local service <close> = sandbox.start { faults = { { operation = "list_connector_licenses", delay = HANG } } }
    local line = interrupt(service, "trial_license", { CONNECTOR, "a@example.com" }, "list_connector_licenses", 1)
    assert.equal("Interrupted: no license was made", line)
  end)

  it("tells that a copy may have been made", function()
    local service <close> = sandbox.start { faults = { { operation = "create_connector", delay = HANG } } }
    local line = interrupt(service, "clone_connector", { CONNECTOR }, "create_connector", 1)
    assert.equal("Interrupted: whether 'Storefront to Ledger (copy)' was made is unknown; run this again: "
      .. "it looks first", line)
  end)

  -- Both streams and the exit code of an example with more in its environment.
  local function run_with(environment, name, arguments, service)
    local pipe = assert(io.popen(("%s %s 2>&1"):format(environment, example.command(name, arguments, service))))
    local output = pipe:read "a"
    local _, _, code = pipe:close()
    return code, output
  end

  local function assert_one_line(code, output)
    assert.equal(130, code, output)
    assert.is_nil(output:find("traceback", 1, true), output)
    local lines = lines_of(output)
    assert.truthy(lines[#lines]:find "^Interrupted: " or lines[#lines]:find "^Nothing was changed: ", output)
  end

  -- What the interpreter does upon the signal, after so many instructions. The
  -- first thirty lead the example into its protection.
  local INTERRUPTION <const> = [[
    debug.sethook(function()
      debug.sethook()
      error("x:1: interrupted!", 0)
    end, "", %d)]]

  for name, arguments in pairs {
    audit_connectors = {}, clone_connector = { CONNECTOR }, dashboard = {}, export_install_base = {}, quickstart = {},
    renew_licenses = { "/dev/null" }, staged_update = { CONNECTOR }, trial_license = { CONNECTOR, "a@example.com" },
  } do
    it("has its line at whatever instruction it comes: " .. name, function()
      local service <close> = sandbox.start { update_seconds = 0 }
      local instructions, code = 30, 130
      while code == 130 do
        local environment = "LUA_INIT=" .. process.quote(INTERRUPTION:format(instructions))
        local output
        code, output = run_with(environment, name, arguments, service)
        if code == 130 or output:find("interrupted!", 1, true) then assert_one_line(code, output) end
        instructions = instructions * 5 // 2
      end
      assert.is_true(instructions > 1000)
    end)
  end

  -- Ctrl-C right after a function has done its work for the first time.
  local AFTER <const> = [[
    local write, rename, is_over = io.stdout.write, os.rename, false
    local function interrupt(...)
      if is_over then return ... end
      is_over = true
      error("x:1: interrupted!", 0)
    end
    getmetatable(io.stdout).__index.write = function(file, ...)
      if file ~= io.stdout then return write(file, ...) end
      return interrupt(write(file, ...))
    end
    os.rename = function(...) return interrupt(rename(...)) end]]

  it("claims nothing of what is written that is not so", function()
    local service <close> = sandbox.start()
    local environment = "LUA_INIT=" .. process.quote(AFTER)
    for _, name in ipairs { "export_install_base", "dashboard" } do
      local code, output = run_with(environment, name, {}, service)
      assert_one_line(code, output)
      has(output, "Interrupted: 4 of 4 connectors were read; nothing was changed; the output may be cut short\n")
      example.write(path, "yesterday's")
      code, output = run_with(environment, name, { "-o", path }, service)
      assert_one_line(code, output)
      assert.not_equal("yesterday's", example.read(path))
      has(output, "nothing was changed; " .. path .. " is as it was, or whole\n")
    end
    local code, output = run_with(environment, "audit_connectors", {}, service)
    assert_one_line(code, output)
    has(output, "Interrupted: 4 connectors were audited, nothing was changed, and findings may be shown in part\n")
    code, output = run_with(environment, "trial_license", { CONNECTOR, "after@example.com" }, service)
    assert_one_line(code, output)
    has(output, " was made\n")
  end)

  it("is not lost where it ends a shell command that is waited for", function()
    local directory = os.tmpname()
    os.remove(directory)
    assert(os.execute("mkdir " .. directory))
    example.write(directory .. "/mkfifo", "#!/bin/sh\nkill -INT $$\n")
    assert(os.execute(("chmod 755 %s/mkfifo"):format(directory)))
    local code, output = run_with(("PATH=%s:$PATH"):format(directory), "audit_connectors", {})
    assert(os.execute("rm -r " .. directory))
    assert_one_line(code, output)
  end)

  it("leaves nothing of the tour behind", function()
    local service <close> = sandbox.start()
    service:fault { operation = "update_connector_license", delay = HANG }
    local line = interrupt(service, "quickstart", {}, "update_connector_license", 1)
    assert.equal("Interrupted: what the tour has made is deleted again", line)
    local client <close> = celigo.new { base_url = service.url, token = "t" }
    assert.equal(4, #client:list_connectors())
    service:reset()
    service:fault { operation = "create_connector", delay = HANG, status = 500 }
    line = interrupt(service, "quickstart", {}, "create_connector", 1)
    assert.equal("Interrupted: whether a connector named Quickstart was made is unknown; what the tour has made is "
      .. "deleted again", line)
  end)
end)
