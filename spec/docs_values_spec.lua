-- What the tables of README.md, docs/ and the reference say beside names:
-- defaults, flags, codes, fields of each event, held against the code.

local celigo = require "celigo"
local annotations = require "spec.support.annotations"
local control = require "celigo.sandbox.control"
local fault = require "spec.support.fault_server"
local pages = require "spec.support.pages"
local probe = require "tables_probe"
local reference = require "spec.support.reference"
local sandbox = require "celigo.sandbox"

local read = pages.read

local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do set[name] = true end
  return set
end

-- The words within backticks of a text, as a list.
local function quoted(text)
  local list = {}
  for word in text:gmatch "`([^`]+)`" do list[#list + 1] = word end
  return list
end

-- {====== Defaults

-- What a table of LDoc says of each field: the last words in brackets.
local function ldoc_defaults(module, name)
  for _, item in ipairs(reference.items()) do
    if item.module == module and item.kind == "table" and item.name == name then
      local found = {}
      for field, words in (item.text .. "\n@"):gmatch "@tfield%S* %S+ (%S+) (.-)%f[@]" do
        found[field] = words:gsub("%s+", " "):match "%(([^()]*)%) ?$"
      end
      return found
    end
  end
end

describe("the defaults of celigo.new", function()
  local defaults = probe.client_defaults()
  local longest = 0
  for _, row in ipairs(probe.operations()) do longest = math.max(longest, row.timeout) end

  it("are those that the README tells", function()
    local told = {}
    for _, row in ipairs(assert(pages.rows("README.md", "option"))) do
      local names, values = quoted(row[1]), row[2]:gsub("`", "")
      if #names == 1 then
        told[names[1]] = values
      else
        told[names[1]], told[names[2]] = values:match "^(%S+), (%S+)$"
      end
    end
    assert.equal(("%d, or %d"):format(defaults.timeout, longest), told.timeout)
    assert.equal(("{ rate = %d, burst = %d }"):format(defaults.rate, defaults.burst), told.rate_limit)
    for name, value in pairs(defaults) do
      if name ~= "timeout" and name ~= "rate" and name ~= "burst" then
        assert.equal(tostring(math.tointeger(value) or value), told[name], name)
      end
    end
    for name, value in pairs(told) do
      local is_value = tonumber(value) or value == "true" or value == "false"
      assert(not is_value or defaults[name] ~= nil, name .. ": tables_probe does not show its default")
    end
    local client <close> = celigo.new { token = "t", base_url = nil }
    local region <close> = celigo.new { token = "t", region = told.region:match '^"(%l+)"$' }
    assert.equal(tostring(client), tostring(region))
  end)

  it("are those that the reference tells", function()
    local told = ldoc_defaults("celigo", "options")
    assert.equal(("%d; %d for installing, previews and updates"):format(defaults.timeout, longest), told.timeout)
    assert.equal(("%d and %d"):format(defaults.rate, defaults.burst), told.rate_limit)
    assert.equal('"us"', told.region)
    for name, value in pairs(defaults) do
      if name ~= "timeout" and name ~= "rate" and name ~= "burst" then
        assert.equal(tostring(math.tointeger(value) or value), told[name], name)
      end
    end
  end)
end)

describe("the defaults of a C host's client", function()
  it("are those that docs/embedding.md tells", function()
    local defaults, told = probe.client_defaults(), {}
    for _, row in ipairs(assert(pages.rows("docs/embedding.md", "member"))) do
      local values = (row[2] .. ","):gmatch "%s*(.-),"
      for _, name in ipairs(quoted(row[1])) do told[name] = values() end
    end
    for _, name in ipairs { "timeout", "connect_timeout", "max_retries", "max_connections" } do
      assert.equal(("%d"):format(defaults[name]), told[name], name)
    end
    assert.equal(("%d MiB"):format(defaults.max_response_bytes // (1 << 20)), told.max_response_bytes)
    local sent = assert(read("docs/embedding.md"):match "Bodies that scripts send are limited to (%d+) MiB")
    assert.equal(defaults.max_request_bytes // (1 << 20), tonumber(sent))
    assert.equal(defaults.read_only and "1" or "0", told.read_only)
    assert.equal(defaults.http2 and "0" or "1", told.http1_only)
  end)
end)

describe("the defaults of the sandbox", function()
  it("are those that the reference tells", function()
    local text = assert(read("lua/celigo/sandbox/init.lua"):match "\nlocal defaults = (%b{})")
    local defaults = assert(load("return " .. text, "=defaults", "t", { math = math }))()
    local told = ldoc_defaults("celigo.sandbox", "options")
    local words = {
      port = ("%d; 0 for `start`"):format(defaults.port), faults = "none", updates = "none", max_requests = "no limit",
      empty_list_status = tostring(defaults.empty_list_status),
    }
    for name, value in pairs(defaults) do assert.equal(words[name] or tostring(value), told[name], name) end
  end)
end)

-- }======

-- {====== What comes back

describe("the README", function()
  local types = annotations.read "lua/celigo/types.lua"
  local text = read "README.md"

  local function fields_of(class)
    local names = {}
    for name in pairs(types.classes[class].fields) do names[name] = true end
    return names
  end

  local function words_in(list)
    local names = {}
    for name in list:gmatch "[%w_]+" do names[name] = true end
    return names
  end

  it("has the fields of a response and of a dry run", function()
    local wanted = fields_of "celigo.Response"
    wanted.dropped, wanted.changed = nil, nil -- of edit_*; these stand further below
    assert.same(wanted, words_in(assert(text:match "`response` is `{ (.-) }`")))
    local dry_run = assert(text:match "sends nothing that writes, and returns `{ (.-) }`")
    assert.same(fields_of "celigo.DryRun", words_in(dry_run))
    assert.truthy(text:find("`response.dropped`", 1, true) and text:find("`response.changed`", 1, true))
  end)

  it("has the statuses that are retried", function()
    local told = assert(text:match "after (%d[%d, ]+) and resets only a GET")
    local retryable = assert(read("docs/errors.md"):match "`retryable` is true for ([%d, and]+)%.")
    local both, one = {}, { ["429"] = true }
    for status in retryable:gmatch "%d+" do both[status] = true end
    for status in told:gmatch "%d+" do one[status] = true end
    assert.same(both, one)
  end)

  it("has the tokens that the sandbox refuses", function()
    local service <close> = sandbox.start { seed = false }
    local words = quoted(assert(text:match "It accepts every token but (.-), which get a 401"))
    assert.equal(3, #words)
    for _, word in ipairs(words) do
      local client <close> = celigo.new { base_url = service.url, token = word }
      assert.equal(401, select(2, client:list_connectors()).status, word)
    end
    local client <close> = celigo.new { base_url = service.url, token = "another" }
    assert(client:list_connectors())
  end)
end)

describe("docs/automation.md", function()
  it("has the fields of each type of event", function()
    local common = set_of { "type", "operation", "method", "path", "page", "attempt" }
    local seen = {}
    local function note(event)
      local fields = seen[event.type] or {}
      seen[event.type] = fields
      for name in pairs(event) do
        if not common[name] then fields[name] = true end
      end
    end
    local server <close> = fault.start()
    local client <close> = celigo.new { base_url = server.url, token = "t", retry_base = 0, on_event = note }
    server:script { { status = 503 }, { cut = 0, ending = "close" }, { body = "[]" } }
    assert(client:list_connectors())
    local paused <close> = celigo.new { base_url = server.url, token = "t", max_retries = 0, on_event = note }
    server:script { { status = 429, headers = { ["Retry-After"] = "1" } } }
    assert.is_nil((paused:list_connectors()))
    local told = {}
    for _, row in ipairs(assert(pages.rows("docs/automation.md", "type"))) do
      told[quoted(row[1])[1]] = set_of(quoted(row[3] or ""))
    end
    assert.same(told, seen)
  end)
end)

-- }======

-- {====== Errors

-- How each code comes about, for a write where that can be.
local BODY <const> = { name = "n" }

local function create(client) return client:create_connector(BODY) end
local function list(client) return client:list_connectors() end

local function walk(client)
  for _ in client:each { path = "/v1/connectors" } do error "a record" end
end

local function page(link)
  return { body = "[]", headers = { Link = link } }
end

local causes = {
  ["network connect_failed"] = { call = create, options = { base_url = "http://127.0.0.1:1" } },
  ["network empty_reply"] = { call = create, script = { { cut = 0, ending = "close" } } },
  ["network connection_reset"] = { call = create, script = { { cut = 0, ending = "reset" } } },
  ["network cut_short"] = { call = create, script = { { body = "{}", length = 10, ending = "close" } } },
  ["network bad_response"] = {
    call = create, script = { { raw = "\0\255\1 this is no HTTP\r\n\r\n", ending = "close" } },
  },
  ["timeout timed_out"] = { call = create, script = { { stall = true } }, options = { timeout = 0.1 } },
  ["validation missing_required_field"] = { call = function(client) return client:create_connector {} end },
  ["validation invalid_field"] = { call = function(client) return client:create_connector { name = 5 } end },
  ["validation unknown_field"] = {
    call = function(client) return client:create_connector { name = "n", contactEmails = "a@x.com" } end,
  },
  ["validation invalid_id"] = { call = function(client) return client:delete_connector ".." end },
  ["validation read_only"] = { call = create, options = { read_only = true } },
  ["validation too_large"] = { call = create, options = { max_request_bytes = 1 } },
  ["decode invalid_json"] = { call = create, script = { { body = "{" } } },
  ["decode not_a_list"] = { call = list, script = { { body = "5" } } },
  ["decode bad_content_encoding"] = {
    call = create, script = { { body = "\31\139\8 no gzip", headers = { ["Content-Encoding"] = "gzip" } } },
  },
  ["decode unexpected_answer"] = {
    call = function(client) return client:edit_connector("id", function() end) end, script = { { body = "5" } },
  },
  ["limit response_too_large"] = {
    call = create, script = { { body = '{"name":"n"}' } }, options = { max_response_bytes = 4 },
  },
  ["limit headers_too_large"] = {
    call = create, script = { { body = "{}", header_bytes = 2000000, ending = "close" } },
  },
  ["pagination bad_next_link"] = { call = walk, script = { page '<no link; rel="next"' } },
  ["pagination incomplete"] = { call = walk, script = { { body = '{"totalCount":3,"jobs":[]}' } } },
  ["cancelled call_cancelled"] = {
    call = function(client)
      local call = client:submit("create_connector", BODY)
      call:cancel()
      return call:result()
    end,
  },
  ["closed client_closed"] = {
    call = function(client)
      client:close()
      return create(client)
    end,
  },
}

-- Those that need another server, a process or a thousand pages; their specs
-- judge them: retry_spec, tls_spec, proxy_spec, hostile_http2_spec, fork_spec,
-- walk_faults_spec.
local ELSEWHERE <const> = set_of {
  "network dns_failed", "network proxy_failed", "network tls_failed", "network http2_error",
  "network stream_refused", "network bad_content_encoding", "network network_error", "timeout connect_timed_out",
  "pagination no_records", "closed forked",
}

describe("docs/errors.md", function()
  local rows = {}
  for _, row in ipairs(assert(pages.rows("docs/errors.md", "kind"))) do
    for _, code in ipairs(quoted(row[2])) do rows[quoted(row[1])[1] .. " " .. code] = row end
  end

  it("names no code that is neither tried here nor elsewhere", function()
    for pair in pairs(rows) do assert.is_true(causes[pair] ~= nil or ELSEWHERE[pair] == true, pair) end
    for pair in pairs(causes) do assert.is_truthy(rows[pair], pair) end
  end)

  local cases = {}
  for pair, cause in pairs(causes) do cases[#cases + 1] = { pair = pair, cause = cause } end
  for _, status in ipairs { 404, 408, 503 } do
    cases[#cases + 1] = {
      pair = "limit response_too_large",
      cause = { call = create, options = { max_response_bytes = 4 }, status = status,
        script = { { status = status, body = '{"errors":[]}' } } },
    }
  end

  for _, case in ipairs(cases) do
    local pair, cause = case.pair, case.cause
    it("tells the truth about " .. pair .. (cause.status and " of a " .. cause.status or ""), function()
      local server <close> = fault.start()
      local options = { base_url = server.url, token = "t", max_retries = 0 }
      for name, value in pairs(cause.options or {}) do options[name] = value end
      if cause.script then server:script(cause.script) end
      local client <close> = celigo.new(options)
      local good, value, err = pcall(cause.call, client)
      err = good and err or value
      assert.is_true(celigo.is_error(err), tostring(err))
      assert.equal(pair, err.kind .. " " .. err.code)
      local was_sent = #server:requests() > 0
      for column, name in pairs { [4] = "retryable", [5] = "maybe_applied" } do
        local told = rows[pair][column]
        if told == "if it went out" then told = tostring(was_sent) end
        if told == "unless it is a 4xx but 408" then
          told = tostring(cause.status == nil or cause.status < 400 or cause.status > 499 or cause.status == 408)
        end
        assert.equal(told, tostring(err[name]), name .. " of " .. tostring(err))
      end
    end)
  end

  it("has codes of the service that the sandbox has too, or a status in words", function()
    local known = read("lua/celigo/errors.lua")
    local listing <close> = assert(io.popen "cat lua/celigo/sandbox/*.lua csrc/contract/lfaults.c")
    known = known .. listing:read "a"
    local count = 0
    for _, row in ipairs(assert(pages.rows("docs/errors.md", "status"))) do
      for _, code in ipairs(quoted(row[2])) do
        count = count + 1
        assert.truthy(known:find(('"%s"'):format(code), 1, true), code)
      end
    end
    assert.is_true(count > 6)
  end)

  it("has the sizes at which things are cut", function()
    local text = read "docs/errors.md"
    local body = assert(read("lua/celigo/errors.lua"):match "MAX_BODY = (%d+) %* 1024")
    assert.truthy(text:find(("the body is cut at %s KiB"):format(body), 1, true))
    local head = tonumber(assert(read("csrc/http/transfer.h"):match "CEL_HTTP_MAX_HEAD %(%(size_t%)(%d+)%)"))
    assert.truthy(text:find(("trailers are over %d KiB"):format(head // 1024), 1, true))
  end)
end)

-- }======

-- {====== The sandbox, JSON

describe("docs/testing.md", function()
  it("has the sandbox's own paths, and no other", function()
    local service <close> = sandbox.start { seed = false }
    local rows = assert(pages.rows("docs/testing.md", "request"))
    assert.equal(5, #rows)
    local seen = {}
    for _, row in ipairs(rows) do
      local method, path = row[1]:match "^`(%u+) (/%S+)`$"
      local status = control.request(service.host, service.port, method, path, path == "/__faults" and method == "POST"
        and { status = 503, times = 1, operation = "list_connectors" } or nil)
      assert.is_true(status < 300, row[1])
      seen[path] = true
    end
    local known = {}
    for path in read("lua/celigo/sandbox/server.lua"):gmatch 'controls%["(/__%l+)"%]' do known[path] = true end
    assert.same(known, seen)
  end)
end)

describe("docs/json.md", function()
  it("has the options of encode", function()
    local told = set_of(quoted(assert(read("docs/json.md"):match "the options are (.-)%. `celigo.json.decode")))
    local known = {}
    local _, message = pcall(celigo.json.encode, {}, { no_such = 1 })
    for name in message:match "there are: (.*)":gmatch "%w+" do known[name] = true end
    assert.same(known, told)
  end)
end)

-- }======
