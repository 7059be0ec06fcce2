-- clone_connector: what arrives at the target, judged there.

local celigo = require "celigo"
local example = require "spec.support.example"
local process = require "spec.support.process"
local sandbox = require "celigo.sandbox"

local run, has, lines_of = example.run, example.has, example.lines_of

local OLDER <const> = "54fa0b38a7044f9252000036" -- the sandbox's first
local NEWER <const> = "54fa0b38a7044f9252000037" -- its second

describe("clone_connector", function()
  local service, target

  before_each(function()
    service = sandbox.start { token = "first" }
    target = sandbox.start { token = "second", seed = false }
  end)
  after_each(function()
    service:stop()
    target:stop()
  end)

  local function connectors_of(one)
    local client <close> = celigo.new { base_url = one.url, token = one.token }
    return assert(client:list_connectors())
  end

  -- Runs it with a second account.
  local function run_across(arguments, more)
    local errors = os.tmpname()
    local words = ("env CELIGO_TARGET_API_TOKEN=%s CELIGO_TARGET_BASE_URL=%s %s %s 2>%s"):format(
      target.token, process.quote(target.url), more or "",
      example.command("clone_connector", arguments, service), errors)
    local pipe = assert(io.popen(words))
    local output = pipe:read "a"
    local _, _, code = pipe:close()
    local messages = example.read(errors)
    os.remove(errors)
    return code, output, messages
  end

  it("makes a copy in the account, not published, once", function()
    local code, output, messages = run("clone_connector", { OLDER }, service)
    assert.equal(0, code, messages)
    local id, name = output:match "^(%x+)\t(.-)\n$"
    assert.equal("Storefront to Ledger (copy)", name)
    local client <close> = celigo.new { base_url = service.url, token = "first" }
    local source, copy = assert(client:get_connector_by_id(OLDER)), assert(client:get_connector_by_id(id))
    assert.is_false(copy.published)
    for _, member in ipairs {
      "_stackId", "_integrationId", "installerFunction", "_sharedImportIds", "_iClientIdMap", "applications",
    } do
      assert.same(source[member], copy[member], member)
    end
    local again, same, words = run("clone_connector", { OLDER }, service)
    assert.equal(1, again)
    assert.equal("", same)
    has(words, "is there already, and nothing was made: " .. id)
    assert.equal(5, #connectors_of(service))
  end)

  it("makes a copy in another account, without what is there only here", function()
    local code, output, messages = run_across { OLDER, "--json" }
    assert.equal(0, code, messages)
    has(messages, "Left out: _integrationId, _stackId, _iClientIdMap\n")
    local copies = connectors_of(target)
    assert.equal(1, #copies)
    assert.equal(copies[1]._id, celigo.json.decode(output).connector_id)
    assert.equal("Storefront to Ledger", copies[1].name)
    assert.equal("runUpdate", copies[1].updateFunction)
    assert.is_nil(copies[1]._stackId)
    assert.equal(4, #connectors_of(service))
    assert.equal(1, (run_across { OLDER }))
    assert.equal(1, #connectors_of(target))
    for _, entry in ipairs(service:journal()) do assert.equal("GET", entry.method) end
  end)

  it("copies one of the newer framework, and closes its trials", function()
    local integration = ("a"):rep(24)
    local code, _, messages = run_across { NEWER, "--integration", integration, "--name", "Parcels" }
    assert.equal(0, code, messages)
    has(messages, "twoDotZero._integrationId, _trialLicenseId, trialEnabled")
    local copy = connectors_of(target)[1]
    assert.equal("Parcels", copy.name)
    assert.equal(integration, copy.twoDotZero._integrationId)
    assert.is_false(copy.trialEnabled)
    assert.equal(2, #copy.twoDotZero.editions)
    assert.is_nil(copy._trialLicenseId)
    assert.equal("help@parcel.example.com,oncall@parcel.example.com", copy.contactEmail)
  end)

  it("sends each token to its own account, and shows neither", function()
    local log = os.tmpname()
    local code, output, messages = run_across { OLDER, "--dry-run", "--log", log }
    assert.equal(0, code)
    has(output, "POST " .. target.url .. "/v1/connectors\n")
    for _, text in ipairs { output, messages, example.read(log) } do
      assert.is_nil(text:find("second", 1, true))
      assert.is_nil(text:find("first", 1, true))
    end
    os.remove(log)
    assert.same({}, connectors_of(target))
    for one, token in pairs { [service] = "first", [target] = "second" } do
      for _, entry in ipairs(one:journal()) do assert.equal("Bearer " .. token, entry.headers.authorization) end
    end
  end)

  it("says that the copy may have been made, and finds it when it is run again", function()
    target:fault { operation = "create_connector", close = "before", applied = true }
    local code, _, messages = run_across { OLDER }
    assert.equal(3, code)
    has(messages, "The copy may have been made. Run this again: it looks first.")
    assert.equal(1, (run_across { OLDER }))
    assert.equal(1, #connectors_of(target))
  end)

  it("tells what the service did not take", function()
    target:fault { operation = "create_connector", drop = { "description", "applications" } }
    local code, output, messages = run_across { OLDER }
    assert.equal(1, code)
    assert.equal(1, #lines_of(output))
    has(messages, "The service did not take applications, description\n")
  end)

  it("refuses what does not fit together", function()
    local code, _, messages = run("clone_connector", { OLDER, "--target-region", "eu" }, service)
    assert.equal(2, code)
    has(messages, "CELIGO_TARGET_API_TOKEN is not set")
    code, _, messages = run_across { OLDER, "--target-region", "eu" }
    assert.equal(2, code)
    has(messages, "--target-region and CELIGO_TARGET_BASE_URL")
    code, _, messages = run_across({ OLDER }, "env -u CELIGO_TARGET_BASE_URL")
    assert.equal(2, code)
    has(messages, "takes --live")
    assert.same({}, service:journal())
  end)
end)
