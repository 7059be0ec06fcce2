-- A slip of the pen never reaches a customer: what is refused, what is judged,
-- and what is said of it.

local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local process = require "spec.support.process"

local null = celigo.null
local ID, LICENSE = ("5"):rep(24), ("6"):rep(24)

local server, client

local function open(options)
  options = options or {}
  options.base_url, options.token = server.url, "t"
  options.retry_base, options.retry_cap = 0, 0
  return celigo.new(options)
end

-- The methods that arrived since the script was set.
local function methods_seen()
  local list = {}
  for i, request in ipairs(server:requests()) do list[i] = request.method end
  return list
end

setup(function()
  server = fault.start()
  client = open()
end)

teardown(function()
  client:close()
  server:stop()
end)

describe("a client that is read-only", function()
  it("sends no write, says so, and shows what it would be", function()
    local reader <close> = open { read_only = true }
    server:script {}
    for name, call in pairs {
      create_connector = function(o) return reader:create_connector({ name = "n" }, o) end,
      update_connector = function(o) return reader:update_connector(ID, { name = "n" }, o) end,
      delete_connector = function(o) return reader:delete_connector(ID, o) end,
      push_connector_update = function(o) return reader:push_connector_update(ID, nil, o) end,
      create_connector_license = function(o)
        return reader:create_connector_license(ID, { email = "a@x.com", expires = "2030-01-01", opts = {} }, o)
      end,
      update_connector_license = function(o) return reader:update_connector_license(ID, LICENSE, {}, o) end,
      delete_connector_license = function(o) return reader:delete_connector_license(ID, LICENSE, o) end,
      install_connector = function(o) return reader:install_connector(ID, nil, o) end,
      request = function(o)
        return reader:request { method = "PATCH", path = "/x", body = {}, dry_run = o and o.dry_run, validate = false }
      end,
    } do
      local value, err = call { validate = false }
      assert.is_nil(value, name)
      assert.equal("validation", err.kind)
      assert.equal("read_only", err.code)
      assert.equal(name, err.operation)
      assert.is_false(err.maybe_applied or err.retryable)
      assert.is_nil(tostring(err):find("validate = false", 1, true))
      local shown = assert(call { dry_run = true, validate = false })
      assert.equal("string", type(shown.url), name)
    end
    local _, err = reader:submit("delete_connector", ID):wait()
    assert.equal("read_only", err.code)
    assert.same({}, methods_seen())
  end)

  it("reads, and so do its edits", function()
    local reader <close> = open { read_only = true }
    server:script { { body = '{"name":"n"}' }, { body = "[]" } }
    local value, err = reader:edit_connector(ID, function(record) record.name = "m" end)
    assert.is_nil(value)
    assert.equal("read_only", err.code)
    assert(reader:list_connectors())
    assert.same({ "GET", "GET" }, methods_seen())
  end)
end)

describe("dry_run", function()
  it("changes nothing where a call only reads", function()
    local dry = { dry_run = true }
    server:script {
      { body = '[{"_id":"a"}]' }, { body = '{"_id":"a"}' }, { body = '{"_id":"a"}' }, { body = '[{"_id":"a"}]' },
      { body = '[{"_id":"a"}]' }, { body = '[{"_id":"a"}]' }, { body = '{"_id":"a"}' },
    }
    assert.equal("a", assert(client:list_connectors(dry))[1]._id)
    assert.equal("a", assert(client:get_connector_by_id("a", dry))._id)
    assert.equal("a", assert(client:request { path = "/x", dry_run = true })._id)
    local ids = {}
    for record in client:each_connector(dry) do ids[#ids + 1] = record._id end
    for record in client:each { path = "/x", dry_run = true } do ids[#ids + 1] = record._id end
    for page in client:pages { path = "/x", dry_run = true } do ids[#ids + 1] = page[1]._id end
    assert.same({ "a", "a", "a" }, ids)
    assert.equal("a", assert(client:submit("get_connector_by_id", "a", dry):wait())._id)
    assert.equal(7, #methods_seen())
  end)
end)

describe("the body of a push", function()
  it("holds _integrationIds and no more, and not an empty one", function()
    server:script {}
    for words, body in pairs {
      ["integrationIds: no such member is known; did you mean '_integrationIds'?"] = { integrationIds = { "a" } },
      ["did you mean '_integrationIds'?"] = { _integrationId = "a" },
      ["got null; leave it out for all"] = { _integrationIds = null },
      ["got an empty array; leave it out for all"] = { _integrationIds = {} },
      ["_integrationIds: expected at least one"] = { _integrationIds = celigo.array {} },
      ["tag: no such member can be sent"] = { _integrationIds = { "a" }, tag = "x" },
      ["expected an array"] = { _integrationIds = "a" },
    } do
      local value, err = client:push_connector_update(ID, body)
      assert.is_nil(value)
      assert.equal("validation", err.kind)
      assert.truthy(err.message:find(words, 1, true), err.message)
      assert.truthy(err.message:find("validate = false sends it anyway", 1, true), err.message)
    end
    assert.same({}, methods_seen())
    server:script { {}, {}, {} }
    assert(client:push_connector_update(ID))
    assert(client:push_connector_update(ID, {}))
    assert(client:push_connector_update(ID, { _integrationIds = { "a" } }))
    assert.same({ "PUT", "PUT", "PUT" }, methods_seen())
  end)
end)

describe("a misspelt member", function()
  local function faults(body, method, ...)
    local arguments = table.pack(...)
    arguments[#arguments + 1] = body
    arguments[#arguments + 1] = { dry_run = true }
    local shown, err = client[method](client, table.unpack(arguments))
    if shown then return nil end
    local list = {}
    for i, entry in ipairs(err.errors) do list[i] = entry.code .. " " .. entry.field end
    return table.concat(list, ", "), tostring(err)
  end

  it("is told the one that was meant", function()
    for name, meant in pairs {
      ContactEmail = "contactEmail", contact_email = "contactEmail", contactEmails = "contactEmail",
      contactEmial = "contactEmail", contactMail = "contactEmail", publishd = "published", stackId = "_stackId",
      application = "applications", trialLicenseId = "_trialLicenseId", id = "_id", ["_i"] = false,
      twoDotZero = false, framework = false, tag = false,
    } do
      local list, text = faults({ name = "n", [name] = "x" }, "create_connector")
      assert.equal(meant and "unknown_field " .. name or nil, list)
      if meant then assert.truthy(text:find(("did you mean '%s'?"):format(meant), 1, true), text) end
    end
  end)

  it("is none where the one that was meant is there, too", function()
    assert.is_nil(faults({ name = "n", contactEmail = "a@x.com", contactEmails = "x" }, "create_connector"))
    assert.is_nil(faults({ name = "n", contactEmail = null, contactEmails = "x" }, "create_connector"))
    assert.is_nil(faults({ name = "n", _id = "x", id = "x" }, "create_connector"))
  end)

  it("is found at every depth, and beside what is missing", function()
    assert.equal("missing_required_field email, unknown_field emails, unknown_field opts.conectorEdition",
      (faults({ emails = "a@x.com", expires = "2030-01-01T00:00:00Z", opts = { conectorEdition = "x" } },
        "create_connector_license", ID)))
    assert.equal("unknown_field opts.addonLicenses[1].licenses[1].addonEdition",
      (faults({ opts = { addonLicenses = { { licenses = { { addonEdition = "x" } } } } } },
        "update_connector_license", ID, LICENSE)))
  end)

  it("passes with validate = false", function()
    local shown = assert(client:create_connector({ Name = "n" }, { validate = false, dry_run = true }))
    assert.equal('{"Name":"n"}', shown.body)
  end)
end)

describe("a license of a kind that the contract does not know", function()
  it("needs no members, but right types and formats", function()
    local function try(license) return client:create_connector_license(ID, license, { dry_run = true }) end
    assert(try { type = "integrationApp", _editionId = "e", trialEndDate = "2030-01-01T00:00:00Z" })
    local _, err = try { type = "integrationApp", email = "nobody", expires = "soon", opts = {} }
    assert.equal(2, #err.errors)
    _, err = try { type = null }
    assert.is_true(err:has "missing_required_field")
  end)
end)

describe("an edit", function()
  local function edit(read, f, written, options)
    server:script { { body = read }, { body = written or read } }
    return client:edit_connector(ID, f, options)
  end

  it("judges only what the function has changed", function()
    local read = '{"name":5,"contactEmail":"","trialEnabled":true,"contact_email":"x","applications":["a",7]}'
    assert(edit(read, function(record) record.published = true end))
    assert.same({ "GET", "PUT" }, methods_seen())
    local value, err = edit(read, function(record)
      record.published, record.contactEmail = "yes", "nobody"
      table.remove(record.applications, 1)
    end)
    assert.is_nil(value)
    assert.equal(2, #err.errors)
    assert.equal("contactEmail", err.field)
    assert.equal(err.errors[1].message, err.message)
    assert.equal("published", err.errors[2].field)
    assert.same({ "GET" }, methods_seen())
    err = select(2, edit('{"name":"n","trialEnabled":false}', function(record) record.trialEnabled = true end))
    assert.equal(2, #err.errors)
    err = select(2, edit('{"name":"n"}', function(record) record.name = nil end))
    assert.is_true(err:has "missing_required_field")
    value, err = edit('{"name":5}', function(record) record.f = print end)
    assert.is_nil(value)
    assert.equal("f", err.field)
    assert.equal(1, #err.errors)
  end)

  it("writes nothing for nil and a message, and returns them", function()
    local value, message = edit('{"name":"n"}', function(record)
      record.name = "m"
      return nil, "not allowed today"
    end)
    assert.is_nil(value)
    assert.equal("not allowed today", message)
    assert.same({ "GET" }, methods_seen())
    assert(edit('{"name":"n"}', function() return nil end))
    assert.same({ "GET", "PUT" }, methods_seen())
  end)

  it("lists what came back with another value", function()
    local _, response = assert(edit('{"name":"n","a":{"b":[1,2],"c":"2030-01-01T00:00:00Z"}}', function(record)
      record.name, record.published, record.description = "m", true, "d"
    end, '{"name":"n","published":false,"a":{"b":[1,3],"c":"2030-01-01T00:00:00.000Z"}}'))
    assert.same({ "a.b[2]", "name", "published" }, response.changed)
    assert.same({ "description" }, response.dropped)
    _, response = assert(edit('{"name":"n"}', function() end))
    assert.same({}, response.changed)
  end)

  it("refuses options in the record", function()
    local good, message = pcall(edit, '{"name":"n"}', function(record) record.dry_run = true end)
    assert.is_false(good)
    assert.truthy(message:find("^spec/slips_spec.lua:%d+: edit_connector: 'dry_run' is an option"), message)
    assert.same({ "GET" }, methods_seen())
  end)
end)

describe("http2 = false", function()
  it("speaks HTTP/1.1 where the server offers HTTP/2", function()
    local nginx = require "spec.support.nginx"
    local front <close> = nginx.start {
      tls = "good", http2 = true, location = [[return 200 '{"spoken":"$server_protocol"}';]],
    }
    for spoken, http2 in pairs { ["HTTP/1.1"] = false, ["HTTP/2.0"] = true } do
      local other <close> = celigo.new { base_url = front.url, token = "t", ca_file = front.ca_file, http2 = http2 }
      assert.equal(spoken, assert(other:get_connector_by_id "a").spoken)
    end
  end)
end)

describe("rate_limit with rate alone", function()
  it("has a burst of the same number, 1 at least", function()
    local slow <close> = open { rate_limit = { rate = 0.001 }, timeout = 5 }
    server:script { { body = "[]" }, { body = "[]" } }
    assert(slow:list_connectors())
    local _, err = slow:list_connectors()
    assert.equal("timeout", err.kind) -- at once: its turn would come too late
    assert.equal(1, #methods_seen())
    local given <close> = open { rate_limit = { rate = 0.001, burst = 2 }, timeout = 5 }
    server:script { { body = "[]" }, { body = "[]" } }
    assert(given:list_connectors())
    assert(given:list_connectors())
  end)
end)

describe("an error", function()
  local function failure(step, call)
    server:script { step }
    local value, err = (call or function() return client:get_connector_by_id "a" end)()
    assert.is_nil(value)
    return err
  end

  it("tells where the call stands in the caller's code", function()
    local function line_of() return debug.getinfo(2, "l").currentline end
    local no = { status = 404, body = "{}" }
    local here
    local calls = {
      function() here = line_of(); local v, e = client:get_connector_by_id "a"; return v, e end,
      function() here = line_of(); local v, e = client:list_connectors(); return v, e end,
      function() here = line_of(); local v, e = client:edit_connector("a", print); return v, e end,
      function() here = line_of(); local v, e = client:create_connector {}; return v, e end,
      function() here = line_of(); local v, e = client:delete_connector ".."; return v, e end,
      function()
        here = line_of(); local call = client:submit("get_connector_by_id", "a")
        return call:wait()
      end,
      function()
        local _, errors = client:map({ "a" }, function(id)
          here = line_of(); local v, e = client:get_connector_by_id(id); return v, e
        end)
        return nil, errors[1]
      end,
      function()
        local _, err = pcall(function()
          here = line_of(); for _ in client:each_connector() do error "a record" end
        end)
        return nil, err
      end,
    }
    for i, call in ipairs(calls) do
      local err = failure(no, call)
      assert.equal(("spec/slips_spec.lua:%d"):format(here), err.where, i)
      assert.equal(err.where .. ": ", tostring(err):sub(1, #err.where + 2))
    end
  end)

  it("tells how many attempts there were, and in what time", function()
    server:script { { status = 503 }, { status = 503 }, { status = 503 } }
    local stubborn <close> = open { max_retries = 2 }
    local _, err = stubborn:list_connectors()
    assert.truthy(tostring(err):find "%(after 3 attempts in %d+%.%d s%)$", tostring(err))
    err = failure({ status = 404 })
    assert.is_nil(tostring(err):find("attempts", 1, true))
  end)

  it("shows what a body of any shape says, cut short", function()
    for body, words in pairs {
      ['{"error":"No such tenant"}'] = "400 bad_request: No such tenant",
      ['{"error":{"message":"Gone away","code":"gone_away"}}'] = "400 gone_away: Gone away",
      ['{"error":"invalid_grant","error_description":"Token is old"}'] = "400 invalid_grant: Token is old",
      ['{"code":"feature_not_enabled","message":"Ask sales"}'] = "400 feature_not_enabled: Ask sales",
      ['{"code":"access_restricted"}'] = "400 access_restricted: the answer has no message",
      ['{"errors":["first","second"]}'] = "400 error: first; error: second",
      ['["first","second"]'] = "error: first; error: second",
      ['{"errors":"all is lost"}'] = "400 bad_request: all is lost",
      ['{"errors":[{"detail":"odd"}]}'] = '400 bad_request: {"detail":"odd"}',
      ['{"errors":[{"error":"odd"}]}'] = "400 bad_request: odd",
      ['{"errors":[{"code":"c","message":{"why":"odd"}}]}'] = '400 c: {"code":"c","message":{"why":"odd"}}',
      ['{"errors":[{"message":"","why":"odd"},true]}'] = '400 error: {"message":"","why":"odd"}; error: true',
      ['[["odd"]]'] = '400 bad_request: ["odd"]',
      ['{"message":"","why":"odd"}'] = '400 bad_request: {"message":"","why":"odd"}',
      ['{"errors":[{"code":"c","message":null}]}'] = "400 c: the answer has no message",
      ['{"detail":{"why":"odd"}}'] = '400 bad_request: {"detail":{"why":"odd"}}',
      ['"just text"'] = "400 bad_request: just text",
      ["upstream  timed\nout"] = "400 bad_request: upstream timed out",
      ["<html><head><title>502 Bad Gateway</title><style>b{}</style></head><body><h1>502 Bad&nbsp;Gateway</h1>"
        .. "<script>x()</script></body></html>"] = "400 bad_request: 502 Bad Gateway 502 Bad Gateway",
      [""] = "the answer says no more than its status",
      ["{}"] = "the answer says no more than its status",
      ['{"message":"' .. ("x"):rep(5000) .. '"}'] = ("x"):rep(400) .. "…",
      [("é"):rep(5000)] = ("é"):rep(100) .. "…",
      ["\xff\xfe"] = "400 bad_request: ??",
    } do
      local err = failure { status = 400, body = body }
      assert.truthy(tostring(err):find(words, 1, true), tostring(err):sub(1, 600))
      assert.is_true(#tostring(err) < 600)
      assert.equal("table", type(err.errors))
    end
  end)

  it("says no field twice", function()
    local _, err = client:create_connector { name = "n", contactEmail = "nobody" }
    local _, count = tostring(err):gsub("contactEmail", "")
    assert.equal(1, count)
    assert.truthy(tostring(err):find('got "nobody"; validate = false sends it anyway', 1, true), tostring(err))
    for _, body in ipairs { { name = "n", contactEmail = "nobody" }, { Name = "n", contactEmail = "nobody" } } do
      local text = tostring(select(2, client:create_connector(body)))
      assert.equal(1, select(2, text:gsub("sends it anyway", "")), text)
    end
    err = failure { status = 422, body = '{"errors":[{"code":"c","message":"is wrong","field":"name"}]}' }
    assert.truthy(tostring(err):find("is wrong (field: name)", 1, true))
  end)
end)

describe("celigo.assert", function()
  it("raises tostring(err), and returns all of its arguments", function()
    server:script { { status = 404, body = "{}" } }
    local value, err = client:get_connector_by_id "a"
    local good, message = pcall(celigo.assert, value, err)
    assert.is_false(good)
    assert.equal(tostring(err), message)
    assert.same({ 1, "b", nil, 4 }, { celigo.assert(1, "b", nil, 4) })
    assert.same({ false, "assertion failed!" }, { pcall(celigo.assert, nil) })
    assert.same({ false, "why" }, { pcall(celigo.assert, false, "why") })
  end)
end)

describe("json.encode", function()
  local encode = celigo.json.encode

  it("sorts members by name", function()
    local value = { b = { d = 1, c = 2 }, a = { { z = 1, y = 2 } }, ["a\0"] = 3, B = 4, [""] = 5 }
    assert.equal('{"":5,"B":4,"a":[{"y":2,"z":1}],"a\\u0000":3,"b":{"c":2,"d":1}}', encode(value, { sort = true }))
    for n = 0, 70 do
      local many, names = {}, {}
      for i = 1, n do
        many["k" .. i] = i
        names[i] = "k" .. i
      end
      table.sort(names)
      for i, name in ipairs(names) do names[i] = ('"%s":%d'):format(name, many[name]) end
      assert.equal("{" .. table.concat(names, ",") .. "}", encode(many, { sort = true }))
    end
    assert.same({ nil, "a: table mixes array items and named members" },
      { encode({ a = { 1, x = 2 } }, { sort = true }) })
    assert.same({ nil, "b.c: expected a value that JSON can hold, got a function" },
      { encode({ b = { c = print } }, { sort = true, indent = 2 }) })
  end)

  it("indents", function()
    assert.equal('{\n  "a": [\n    1,\n    {}\n  ],\n  "b": {\n    "c": []\n  }\n}',
      encode({ a = { 1, {} }, b = { c = celigo.array {} } }, { sort = true, indent = 2 }))
    assert.equal("[\n1\n]", (encode({ 1 }, { indent = 1 }):gsub("\n ", "\n")))
    assert.equal("[1]", encode({ 1 }, { indent = 0 }))
    assert.equal("5", encode(5, { indent = 4 }))
    local text = encode({ { a = 1 } }, { indent = 16 })
    assert.same(celigo.json.decode "[{\"a\":1}]", celigo.json.decode(text))
  end)
end)

describe("CELIGO_LOG", function()
  local path

  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  -- Runs a script with the variable; what it prints, and its exit code.
  local function run(log, script)
    local file <close> = assert(io.popen(("CELIGO_LOG=%s %s -e %s 2>&1"):format(process.quote(log),
      process.quote(process.lua()), process.quote(script))))
    return file:read "a"
  end

  local function script(options)
    return ([[local celigo = require "celigo"
      for _ = 1, 2 do
        local client = celigo.new { base_url = %q, token = "secret-token" %s }
        client:list_connectors()
      end]]):format(server.url, options or "")
  end

  it("logs to a file, or to the standard error", function()
    server:script { { body = "[]" }, { body = "[]" }, { body = "[]" }, { body = "[]" } }
    assert.equal("", run(path, script()))
    local count = 0
    for line in io.lines(path) do
      count = count + 1
      assert.equal("list_connectors", assert(celigo.json.decode(line)).operation)
      assert.is_nil(line:find("secret", 1, true))
    end
    assert.equal(6, count)
    local _, lines = run("stderr", script()):gsub('"type":"request"', "")
    assert.equal(2, lines)
  end)

  it("counts for nothing where on_event is given, or where it is empty", function()
    server:script { { body = "[]" }, { body = "[]" }, { body = "[]" }, { body = "[]" } }
    assert.equal("", run(path, script ", on_event = function() end"))
    assert.equal("", run("", script()))
    for _ in io.lines(path) do error "a line" end
  end)

  it("raises where the file cannot be opened", function()
    local output = run("/nowhere/at/all.log", script())
    assert.truthy(output:find("celigo.new: environment variable CELIGO_LOG: /nowhere/at/all.log", 1, true), output)
  end)
end)
