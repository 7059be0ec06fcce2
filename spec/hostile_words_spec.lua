-- Words from outside: what a server says steers no terminal, breaks no line of
-- a log, and fills no memory.

local celigo = require "celigo"
local base = require "celigo.base"
local fault = require "spec.support.fault_server"
local process = require "spec.support.process"
local seeded = require "spec.support.seeded"

-- Whether a text is one line of UTF-8 in which nothing steers.
local function assert_plain(text)
  assert.is_truthy(utf8.len(text), text)
  for _, code in utf8.codes(text) do
    assert.is_false(code < 0x20 or code >= 0x7F and code <= 0x9F or code == 0x61C or code == 0xFEFF
      or code >= 0x200E and code <= 0x200F or code >= 0x2028 and code <= 0x202E
      or code >= 0x2066 and code <= 0x2069, ("U+%04X"):format(code))
  end
end

local STEERING <const> = "a\r\nb\u{9B}2J\u{202E}c\u{2066}\u{2028}\u{2029}\u{FEFF}\u{200F}\27]0;d\a\127"

describe("words from outside", function()
  local server, client

  setup(function() server = fault.start() end)
  teardown(function() server:stop() end)
  before_each(function() client = celigo.new { base_url = server.url, token = "test", max_retries = 0 } end)
  after_each(function() client:close() end)

  it("make one line, which steers nothing", function()
    assert.equal("a b\\u{9B}2J\\u{202E}c\\u{2066}\\u{2028}\\u{2029}\\u{FEFF}\\u{200F} ]0;d  ", base.plain(STEERING))
    assert.equal("Zoë 東京 😀", base.plain "Zoë 東京 😀")
    assert.equal("\\x9b1m \\xc2 x", base.plain "\x9b1m \xc2\nx")
    seeded.each(300, function(random) assert_plain(base.plain(random:bytes(random:integer(0, 60)))) end)
  end)

  it("are plain in the text of an error", function()
    for _, body in ipairs {
      celigo.json.encode { errors = { { code = STEERING, message = STEERING, field = STEERING } } },
      celigo.json.encode { message = STEERING },
      "\x9b31m no JSON \xff",
    } do
      server:script { { status = 422, body = body } }
      local _, err = client:get_connector_by_id "1"
      assert.equal(422, err.status)
      assert_plain(tostring(err))
      server:script { { status = 200, body = body:gsub("^{", "[") } }
      _, err = client:get_connector_by_id "1"
      assert.equal("decode", err.kind)
      assert_plain(tostring(err))
    end
    server:script { { status = 302, headers = { Location = "/\x9b31m\u{202E}" } } }
    local _, err = client:get_connector_by_id "1"
    assert_plain(tostring(err))
    _, err = client:create_connector { name = "n", [STEERING .. "\xff"] = print }
    assert_plain(tostring(err))
  end)

  it("are cut where they are long", function()
    local long = ("é"):rep(40000)
    server:script { { status = 422, body = celigo.json.encode {
      errors = { { code = long, message = long, field = long, source = long }, { message = "x" .. long } },
    } } }
    local _, err = client:get_connector_by_id "1"
    for _, text in ipairs {
      err.code, err.message, err.field, err.source, err.errors[1].message, err.errors[2].message,
    } do
      assert.is_true(#text <= 4096 and #text > 4090)
      assert.equal("…", text:sub(-#"…"))
      assert.is_truthy(utf8.len(text))
    end
    assert.equal(65536, #err.body)
    server:script { { status = 500, body = celigo.json.encode { message = long } } }
    _, err = client:get_connector_by_id "1"
    assert.is_true(#err.message <= 4096)
    server:script { { status = 302, headers = { Location = "/" .. ("x"):rep(60000) } } }
    _, err = client:get_connector_by_id "1"
    assert.is_true(#err.message <= 4096)
    _, err = client:create_connector { name = "n", [("x"):rep(100000)] = print }
    assert.is_true(#err.message <= 4096 and #err.errors[1].field <= 4096)
  end)

  it("of a page of HTML are what a person sees, whatever the page", function()
    for body, seen in pairs {
      ["<html><style>a > b</style><h1>Bad &amp; gone</h1><!-- <b> --><script>if (a<b) {}</script> <p>now</html>"] =
        "Bad & gone now",
      ["<HTML><SCRIPT>x"] = "the answer says no more than its status",
      ["<html>" .. ("<!--"):rep(10000)] = "the answer says no more than its status",
      ["<html>" .. ("<script>"):rep(5000) .. "x"] = "the answer says no more than its status",
      ["<html>" .. ("<"):rep(60000)] = "the answer says no more than its status",
      ["<html>a" .. ("</script"):rep(7000)] = "a",
    } do
      server:script { { status = 500, body = body } }
      local _, err = client:get_connector_by_id "1"
      assert.equal(seen, err.message, body:sub(1, 50))
    end
  end)

  it("are plain in a log, which is JSON all the same", function()
    local name = os.tmpname()
    local log <close> = assert(io.open(name, "w+"))
    local write = celigo.log(log)
    write { type = "response", path = STEERING, error = "\x9b raw" }
    write { type = STEERING .. "é" }
    log:seek "set"
    local lines = {}
    for line in log:lines() do lines[#lines + 1] = line end
    os.remove(name)
    assert.equal(2, #lines)
    for _, line in ipairs(lines) do assert_plain(line) end
    assert.equal(STEERING, celigo.json.decode(lines[1]).path)
    assert.equal("? raw", celigo.json.decode(lines[1]).error)
    assert.equal(STEERING .. "é", celigo.json.decode(lines[2]).type)
  end)

  it("of the service are plain in what a recipe prints", function()
    server:script { { status = 403, body = celigo.json.encode { message = STEERING } } }
    local child = assert(process.start { "env", "CELIGO_API_TOKEN=t", "CELIGO_BASE_URL=" .. server.url,
      "LUA_PATH=" .. package.path, "LUA_CPATH=" .. package.cpath, process.lua(), "examples/audit_connectors.lua" })
    local status, output = child:wait()
    assert.not_equal(0, status)
    assert.is_truthy(output:find("\\u{202E}", 1, true), output)
    for line in output:gmatch "[^\n]+" do assert_plain(line) end
  end)
end)
