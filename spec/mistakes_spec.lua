-- What people write by mistake, and what they are told. Nothing of it may
-- reach the service.

local celigo = require "celigo"
local core = require "celigo.core"
local fault = require "spec.support.fault_server"
local loop = require "celigo.loop"
local sandbox = require "celigo.sandbox"

local ID, LICENSE = ("5"):rep(24), ("6"):rep(24)

-- Adapters of the event loops that are installed here.
local adapters = {}
for _, name in ipairs { "luv", "cqueues" } do
  local found, adapter = pcall(require, "celigo.loop." .. name)
  if found then adapters["celigo.loop." .. name] = adapter end
end

describe("a mistake", function()
  local server, client, call, failure, box

  setup(function()
    server = fault.start()
    client = celigo.new { base_url = server.url, token = "t", max_retries = 0 }
    call = client:submit("list_connectors")
    call:cancel()
    failure = select(2, client:get_connector_by_id "")
    box = sandbox.start { seed = false }
  end)

  teardown(function()
    client:close()
    server:stop()
    box:stop()
  end)

  -- What is written, and the words that must be in what is raised.
  local function one_table()
    return {
      -- Options in the wrong place.
      { "too many arguments, the last one a table; it takes delete_connector(id[, options])",
        function() client:delete_connector(ID, nil, { dry_run = true }) end },
      { "it takes delete_connector_license(id, license_id[, options])",
        function() client:delete_connector_license(ID, LICENSE, nil, { dry_run = true }) end },
      { "it takes get_connector_by_id(id[, options])",
        function() client:get_connector_by_id(ID, nil, { timuot = 5 }) end },
      { "it takes list_connectors([options])", function() client:list_connectors(nil, {}) end },
      { "it takes update_connector(id, connector[, options])",
        function() client:update_connector(ID, { name = "n" }, nil, { dry_run = true }) end },
      { "it takes push_connector_update(id[, body][, options])",
        function() client:push_connector_update(ID, nil, nil, { dry_run = true }) end },
      { "it takes delete_connector(id[, options])",
        function() client:submit("delete_connector", ID, nil, { dry_run = true }) end },
      { "it takes request(request)",
        function() client:request({ method = "DELETE", path = "/x" }, { dry_run = true }) end },
      { "it takes request(request)", function() client:submit("request", { path = "/x" }, {}) end },
      { "each_connector: too many arguments, the last one a table; it takes each_connector([options])",
        function() client:each_connector(nil, { nonsense = 1 }) end },
      { "it takes each_connector_license(id[, options])", function() client:each_connector_license(ID, nil, {}) end },
      { "it takes each_connector_install(id[, options])", function() client:each_connector_install(ID, nil, 5) end },
      { "it takes each(request)", function() client:each({ path = "/x" }, { limit = 1 }) end },
      { "it takes pages(request)", function() client:pages({ path = "/x" }, { limit = 1 }) end },
      { "it takes edit_connector(id, edit[, options])",
        function() client:edit_connector(ID, function() end, nil, { dry_run = true }) end },
      { "it takes edit_connector_license(id, license_id, edit[, options])",
        function() client:edit_connector_license(ID, LICENSE, function() end, nil, { dry_run = true }) end },
      { "map: too many arguments; it takes map(items, f[, options])",
        function() client:map({}, print, nil, { concurrency = 2 }) end },
      -- What stands in another table is not looked at.
      { "delete_connector: options: expected a plain table, got one whose metatable has __index or __pairs; copy",
        function() client:delete_connector(ID, setmetatable({}, { __index = { dry_run = true } })) end },
      { "request: options: expected a plain table", function()
        client:request(setmetatable({ method = "DELETE", path = "/x" }, { __pairs = function() return next, {} end }))
      end },
      { "list_connectors: option headers: expected a plain table",
        function() client:list_connectors { headers = setmetatable({}, { __index = {} }) } end },
      { "celigo.new: options: expected a plain table", function() celigo.new(setmetatable({}, { __index = {} })) end },
      { "query parameter 'since': expected a string, a number or a boolean, got inf",
        function() client:list_connectors { query = { since = math.huge } } end },
      { "celigo.new: too many arguments; it takes one table of options",
        function() celigo.new({ token = "t" }, { base_url = server.url }) end },
      { "encode(value[, options])", function() celigo.json.encode({}, nil, { sort = true }) end },
      { "'dry_run' is an option, and options come after the body: create_connector(connector, { dry_run = ... })",
        function() client:create_connector { name = "x", dry_run = true } end },
      { "'max_retries' is an option, and options come after the body: update_connector(id, connector, { max_retries",
        function() client:update_connector(ID, { name = "x", max_retries = 0 }) end },
      { "create_connector_license(id, license, { dry_run = ... })",
        function() client:create_connector_license(ID, { email = "a@x.com", dry_run = false }) end },
      { "push_connector_update(id, body, { dry_run = ... })",
        function() client:push_connector_update(ID, { dry_run = true }) end },
      { "'timeout' is an option, and options come after the body",
        function() client:install_connector(ID, { timeout = 5 }) end },
      { "'dry_run' is an option, and options stand beside the body",
        function() client:request { method = "POST", path = "/x", body = { dry_run = true } } end },

      -- A dot for a colon, a colon for a dot.
      { "expected the client as the first argument (celigo.client expected, got string); a method is called with a "
        .. "colon: client:get_connector_by_id(...)", function() client.get_connector_by_id(ID) end },
      { "client:delete_connector(...)", function() client.delete_connector(ID) end },
      { "client:request(...)", function() client.request { path = "/x" } end },
      { "client:submit(...)", function() client.submit("list_connectors") end },
      { "client:step(...)", function() client.step() end },
      { "client:each(...)", function() client.each { path = "/x" } end },
      { "client:each_connector(...)", function() client.each_connector() end },
      { "client:edit_connector(...)", function() client.edit_connector(ID, print) end },
      { "client:map(...)", function() client.map({}, print) end },
      { "client:gather(...)", function() client.gather(print) end },
      { "celigo.new: it is called with a dot, not a colon: celigo.new { ... }",
        function() celigo:new { token = "t" } end },
      { "celigo.new: it is called with a dot", function() celigo:new() end },
      { "celigo.json.encode: it is called with a dot, not a colon", function() celigo.json:encode {} end },
      { "celigo.json.decode: it is called with a dot, not a colon", function() celigo.json:decode "{}" end },
      { "celigo.array: it is called with a dot, not a colon", function() celigo:array {} end },
      { "celigo.object: it is called with a dot, not a colon", function() celigo:object {} end },
      { "celigo.is_error: it is called with a dot, not a colon", function() celigo:is_error {} end },
      { "celigo.assert: it is called with a dot, not a colon", function() celigo:assert(nil, "x") end },
      { "celigo.log: it is called with a dot, not a colon", function() celigo:log(io.stderr) end },
      { "it is called with a dot, not a colon: require(\"celigo.sandbox\").start { ... }",
        function() sandbox:start() end },
      { "it is called with a dot, not a colon", function() sandbox:serve { port = 0 } end },

      { "celigo.timestamp: it is called with a dot, not a colon: celigo.timestamp(seconds)",
        function() celigo:timestamp(5) end },
      { "celigo.parse_timestamp: it is called with a dot, not a colon: celigo.parse_timestamp(text)",
        function() celigo:parse_timestamp "2030-01-01T00:00:00Z" end },
      { "celigo.log: it is called with a dot, not a colon", function() celigo:log() end },
      { 'it is called with a dot, not a colon: require("celigo.sandbox").serve { ... }',
        function() sandbox:serve() end },
      { "close: expected the client as the first argument (celigo.client expected, got no value); a method is called "
        .. "with a colon: client:close(...)", function() client.close() end },
      { "(celigo.client expected, got celigo.call)", function() client.step(call) end },
      { "done: expected the call as the first argument (celigo.call expected, got celigo.client); a method is called "
        .. "with a colon: call:done(...)", function() call.done(client) end },
      { "has: expected the error as the first argument, got a string; a method is called with a colon: err:has(code)",
        function() failure.has "invalid_id" end },
      { "fault: expected the sandbox as the first argument, got a table; a method is called with a colon: "
        .. "sandbox:fault(rule)", function() box.fault { status = 500 } end },
      { "a method is called with a colon: sandbox:stop()", function() box.stop() end },
      { "adapter: expected a name and a function that makes a backend, got a table and a string: it is called with a "
        .. "dot, not a colon", function() loop:adapter("none", print) end },

      -- More than a method takes.
      { "step: too many arguments, the last one a number; it takes step([seconds])", function() client:step(0, 5) end },
      { "close: too many arguments, the last one a boolean; it takes close()", function() client:close(true) end },
      { "wait: too many arguments, the last one a number; it takes wait()", function() call:wait(5) end },
      { "cancel: too many arguments, the last one a table; it takes cancel()", function() call:cancel {} end },
      { "has: expected one code, a string or an integer, got a second one; it takes has(code)",
        function() failure:has("a", "b") end },
      { "too many arguments; it takes one table of options", function() sandbox.start(nil, { seed = 2 }) end },
      { "journal: too many arguments; it takes journal()", function() box:journal(5) end },

      -- A field that is none.
      { "a celigo.client has no field 'timeout' that can be set; options are given to celigo.new { ... }, or to a call "
        .. "as its last argument", function() client.timeout = 5 end },
      { "a celigo.call has no field 'timeout' that can be set", function() call.timeout = 5 end },
      { "a sandbox has no 'base_url'; there are: url, port, token", function() local _ = box.base_url end },
      { "celigo.call has no method 'status'; there are: cancel, done, ready, result, wait",
        function() local _ = call.status end },
      { "an error object has no method tostring: use tostring(err)", function() failure:tostring() end },

      -- A method passed as a value.
      { "map: expected a function, got the method get_connector_by_id, which would miss its client: "
        .. "function(item) return client:get_connector_by_id(item) end",
        function() client:map({ ID }, client.get_connector_by_id) end },
      { "function() return client:list_connectors() end", function() client:gather(client.list_connectors) end },
      { "the name of a method comes first, such as \"get_connector_by_id\"",
        function() client:submit(client.get_connector_by_id, ID) end },
      { "gather: argument 1: expected a function, got a table; it takes gather(function() ... end, ...)",
        function() client:gather {} end },
      { "edit_connector: expected a function, got the method update_connector, which would miss its client: "
        .. "function(record) return client:update_connector(record) end",
        function() client:edit_connector(ID, client.update_connector) end },
      { "function(record) return client:edit_connector(record) end",
        function() client:edit_connector_license(ID, LICENSE, client.edit_connector) end },
      { "map: expected a function, got a string; it takes map(items, f[, options])",
        function() client:map({ ID }, "get_connector_by_id") end },
      { "this is an array, no function and no iterator: for i, value in ipairs(array) do ... end",
        function() for _ in celigo.array { ID } do error "a turn" end end },

      -- The name of another operation, or parts of a name.
      { "did you mean 'delete_connector_license'?", function() client:delete_license(ID, LICENSE) end },
      { "did you mean 'create_connector_license'?", function() client:create_license(ID, {}) end },
      { "did you mean 'push_connector_update'?", function() client:push_update(ID) end },
      { "did you mean 'get_connector_install_base'?", function() client:install_base(ID) end },
      { "did you mean 'list_connector_licenses'?", function() client:licenses(ID) end },
      { "did you mean 'list_connector_licenses'?", function() client:submit("list_licenses", ID) end },
      { "did you mean 'edit_connector_license'?", function() client:edit_license(ID, LICENSE, print) end },
      { "did you mean 'list_connectors'?", function() client:list_conectors() end },
      { "did you mean 'list_connectors'?", function() client:get_connectors() end },
      { "did you mean 'list_connectors'?", function() client:listConnectors() end },
      { "did you mean 'list_connector_licenses'?", function() client:get_licenses(ID) end },
      { "did you mean 'list_connector_licenses'?", function() client:get_connector_licenses(ID) end },
      { "did you mean 'list_connector_licenses'?", function() client:licences(ID) end },
      { "did you mean 'list_connector_licenses'?", function() client:submit("fetch_licenses", ID) end },
      { "did you mean 'get_connector_license_by_id'?", function() client:get_license(ID, LICENSE) end },
      { "did you mean 'get_connector_install_base'?", function() client:list_installations(ID) end },
      { "did you mean 'get_connector_install_base'?", function() client:getInstalls(ID) end },
      { "did you mean 'each_connector_license'?", function() client:each_licenses(ID) end },
      { "did you mean 'create_connector'?", function() client:add_connector {} end },
      { "did you mean 'create_connector_license'?", function() client:new_license(ID, {}) end },
      { "did you mean 'delete_connector'?", function() client:remove_connector(ID) end },
      { "did you mean 'edit_connector_license'?", function() client:change_license(ID, LICENSE, print) end },
      { "did you mean 'update_connector'?", function() client:put_connector(ID, {}) end },
      { "celigo.client has no method 'flows'; client:request { method = ..., path = ... } reaches any endpoint",
        function() client:flows() end },
      { "submit: no operation 'each_connector'; it starts an operation, or \"request\"",
        function() client:submit("each_connector") end },

      -- Wrong types, and arguments in another order.
      { "update_connector: id: expected a string, got table; it takes update_connector(id, connector[, options])",
        function() client:update_connector({ name = "n" }, ID) end },
      { "create_connector_license(id, license[, options])",
        function() client:create_connector_license({ email = "a@x.com" }, ID) end },
      { "get_connector_by_id: id: expected a string, got nil", function() client:get_connector_by_id(nil) end },
      { "get_connector_by_id: id: expected a string, got number", function() client:get_connector_by_id(5) end },
      { "license id: expected a string, got n", function() client:delete_connector_license(ID) end },
      { "create_connector: body: expected a table, got string; it takes create_connector(connector[, options])",
        function() client:create_connector '{"name":"n"}' end },
      { "celigo.timestamp: number expected, got string; it takes seconds, such as os.time()",
        function() celigo.timestamp "2030-01-01" end },
      { "celigo.parse_timestamp: string expected, got number; it takes a text such as \"2026-12-31T00:00:00.000Z\"",
        function() celigo.parse_timestamp(5) end },
      { "celigo.array: table expected, got string; it takes a table", function() celigo.array "x" end },
      { "celigo.object: table expected, got nil", function() celigo.object() end },
      { "celigo.json.decode: string expected, got table", function() celigo.json.decode {} end },
      { "celigo.json.encode: expected a value; it takes encode(value[, options])",
        function() celigo.json.encode() end },
      { "log: expected an open file, got a string; such as celigo.log(io.stderr)",
        function() celigo.log "log.txt" end },
      { "request: expected a table such as { method = \"GET\", path = \"/v1/integrations\" }, got nil",
        function() client:request() end },
      { "step: expected seconds, a number from 0 to 1000000000, got string; it takes step([seconds])",
        function() client:step "5" end },
      { "step: expected seconds, a number from 0 to 1000000000, got -1", function() client:step(-1) end },
      { "has: expected one code, a string or an integer, got a table", function() failure:has { "a" } end },
      { "options must be a table, not a number: require(\"celigo.sandbox\").start { ... }",
        function() sandbox.start(8090) end },
      { "get_connector_by_id: expected a table of options, got a string; it takes get_connector_by_id(id[, options])",
        function() client:get_connector_by_id(ID, LICENSE) end },
      { "create_connector: body: expected a table, got string; it takes create_connector(connector[, options])",
        function() client:create_connector(ID, { name = "n" }) end },
      { "update_connector_license: license id: expected a string, got table; it takes "
        .. "update_connector_license(id, license_id, license[, options])",
        function() client:update_connector_license(ID, { expires = "2030-01-01" }, LICENSE) end },
      { "map: expected a function, got a table; it takes map(items, f[, options])",
        function() client:map({ ID }, { concurrency = 2 }, print) end },
      { "get_connector_by_id: id: expected a string, got table (a record's id is its _id); it takes "
        .. "get_connector_by_id(id[, options])", function() client:get_connector_by_id { _id = ID, name = "n" } end },
      { "map: expected a table of options such as { concurrency = 16 }, got a number; it takes map(",
        function() client:map({ ID }, print, 16) end },
      { "map: items: expected an array, got a nil; it takes map(items, f[, options])",
        function() client:map(nil, print) end },
      { "map: items: expected an array, got a function; the array comes first: map(items, f[, options])",
        function() client:map(print, { ID }) end },
      { "expected an array, got a table without one (it has the key ",
        function() client:map({ a = ID, b = LICENSE }, print) end },
      { "map: items: expected an array, got an empty table whose metatable has __index or __pairs; copy",
        function() client:map(setmetatable({}, { __index = { ID } }), print) end },
      { "edit_connector: id: expected a string, got function; it takes edit_connector(id, edit[, options])",
        function() client:edit_connector(function() end, ID) end },
      { "edit_connector: expected a function, got a table; it takes edit_connector(id, edit[, options])",
        function() client:edit_connector(ID, { published = true }) end },
      { "no operation '" .. ID .. "'; the name of a method comes first",
        function() client:submit(ID, "get_connector_by_id") end },
      { "each: expected a table such as { path = ", function() client:each "/v1/flows" end },
      { "each: option 'method': expected GET; each only reads",
        function() client:each { method = "DELETE", path = "/x", dry_run = true } end },
      { "celigo.json.encode: expected a table of options, got a number", function() celigo.json.encode({}, 2) end },
      { "option 'indent': expected an integer from 0 to 16", function() celigo.json.encode({}, { indent = 17 }) end },
      { "option 'sort': expected a boolean", function() celigo.json.encode({}, { sort = 1 }) end },
      { "unknown option 'pretty'; there are: sort, indent", function() celigo.json.encode({}, { pretty = true }) end },
      { "celigo.new: option 'read_only': expected a boolean",
        function() celigo.new { token = "t", read_only = 1 } end },
    }
  end

  for i, row in ipairs(one_table()) do
    local words = row[1]
    it(("is told what to write instead (%d): %s"):format(i, words), function()
      local good, message = pcall(one_table()[i][2])
      assert.is_false(good)
      assert.truthy(message:find("^spec/mistakes_spec%.lua:%d+: "), message)
      assert.truthy(message:find(words, 1, true), message)
      assert.same({}, server:requests())
    end)
  end

  -- What a function raises at the line that calls it.
  local function refusal(f, ...)
    local good, message = pcall(f, ...)
    assert.is_false(good)
    return message
  end

  it("with the dot of any method is told of the colon", function()
    local others = { "text", 5, {}, true, call, failure, print }
    for name in pairs(core.methods) do
      local words = "a method is called with a colon: client:" .. name .. "("
      assert.truthy(refusal(client[name]):find(words, 1, true), name)
      for _, other in ipairs(others) do
        assert.truthy(refusal(client[name], other):find(words, 1, true), name)
      end
    end
    for _, name in ipairs { "cancel", "done", "ready", "result", "wait" } do
      assert.truthy(refusal(call[name], client):find("called with a colon: call:" .. name .. "(", 1, true), name)
    end
    for _, name in ipairs { "fault", "journal", "reset", "stop" } do
      assert.truthy(refusal(box[name], {}):find("called with a colon: sandbox:" .. name .. "(", 1, true), name)
    end
    assert.same({}, server:requests())
  end)

  it("with the colon of any function is told of the dot", function()
    local modules = { celigo = celigo, ["celigo.json"] = celigo.json, ["celigo.sandbox"] = sandbox }
    for name, adapter in pairs(adapters) do modules[name] = adapter end
    for module_name, module in pairs(modules) do
      for name, f in pairs(module) do
        if type(f) == "function" then
          for _, given in ipairs { {}, { "x" }, { 5, 6 } } do
            local message = refusal(f, module, table.unpack(given))
            assert.truthy(message:find("it is called with a dot, not a colon", 1, true),
              ("%s.%s: %s"):format(module_name, name, message))
          end
        end
      end
    end
  end)

  it("with any method given to map or gather is told what to write", function()
    for name, method in pairs(core.methods) do
      local words = ("got the method %s, which would miss its client"):format(name)
      assert.truthy(refusal(client.map, client, { ID }, method):find(words, 1, true), name)
      assert.truthy(refusal(client.gather, client, method):find(words, 1, true), name)
      assert.truthy(refusal(client.edit_connector, client, ID, method):find(words, 1, true), name)
    end
    assert.same({}, server:requests())
  end)

  it("of nil arguments is none", function()
    server:script { { body = "[]" }, { body = "[]" } }
    assert(client:list_connectors(nil, nil, nil))
    local results, errors = client:map({}, print, nil, nil)
    assert.same({}, results)
    assert.same({}, errors)
    for _ in client:each_connector(nil, nil, nil) do error "a record" end
  end)

  it("with an error object is told what it is", function()
    server:script { { status = 404, body = "{}" } }
    local _, err = client:get_connector_by_id(ID)
    for _, name in ipairs { "find", "match", "gsub", "sub", "upper", "format" } do
      local good, message = pcall(function() local _ = err[name](err, "404") end)
      assert.is_false(good)
      assert.truthy(message:find("^spec/mistakes_spec%.lua:%d+: this is an error object, not a string: "
        .. "use tostring%(err%):" .. name), message)
    end
    assert.is_nil(err.nothing)
    assert.is_nil(err.page)
  end)

  it("of walking through a record is told what reads it", function()
    server:script { { body = '{"name":"n"}' } }
    local good, err = pcall(function()
      for _ in client:each { path = "/v1/connectors/" .. ID } do error "a turn" end
    end)
    assert.is_false(good)
    assert.equal("decode", err.kind)
    assert.equal("not_a_list", err.code)
    assert.truthy(tostring(err):find("is not a list of records", 1, true), tostring(err))
    assert.truthy(tostring(err):find("client:request { path = ... } returns a body as it is", 1, true))
    for body, code in pairs {
      ["5"] = "not_a_list", ['"text"'] = "not_a_list", ['{"a":[],"b":[]}'] = "not_a_list",
      ["{"] = "invalid_json", ["<html>"] = "invalid_json", ['{"a":[],"b":[}'] = "invalid_json",
    } do
      server:script { { body = body }, { body = body } }
      local _, same = client:list_connectors()
      assert.equal(code, same.code, body)
      good, err = pcall(function() for _ in client:each { path = "/x" } do error "a turn" end end)
      assert.is_false(good)
      assert.equal(code, err.code, body)
    end
  end)

  -- Files of Lua give rows of options to C, which points to their strings. A
  -- number would become a string that nothing keeps.
  it("in the rows of an option table is found", function()
    local base = require "celigo.base"
    for _, row in ipairs { { 1.5, "string" }, { "a", 1.5 }, { "a", "string", 1.5 }, { "a", "string", true }, {} } do
      assert.is_false(pcall(base.check_options, { row }, { a = 1 }, "f"))
    end
  end)
end)
