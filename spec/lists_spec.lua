-- The lists: every page of them, or one; and links that lead nowhere good.

local cjson = require "cjson"
local celigo = require "celigo"
local fault = require "spec.support.fault_server"
local http = require "spec.support.http"
local sandbox = require "celigo.sandbox"

local ID = "54fa0b38a7044f9252000036"

describe("lists of the sandbox", function()
  local server, client

  setup(function()
    server = sandbox.start { seed = 250, journal = true }
    client = celigo.new { base_url = server.url, token = "t" }
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  before_each(function() http.clear_journal(server.url) end)

  local function targets()
    local list = {}
    for i, request in ipairs(http.journal(server.url)) do
      list[i] = request.target
    end
    return list
  end

  local function assert_all(list)
    local seen = {}
    assert.equal(250, #list)
    for i, record in ipairs(list) do
      assert.is_nil(seen[record._id])
      seen[record._id] = true
      assert.equal(("54fa0b38a7044f9252%06x"):format(0x35 + i), record._id)
    end
  end

  it("come whole and in order", function()
    local list, response = assert(client:list_connectors())
    assert_all(list)
    assert.equal(200, response.status)
    assert.equal(3, response.attempts)
    assert.is_nil(response.next_url)
    assert.same({ "/v1/connectors", "/v1/connectors?skip=100&limit=100",
      "/v1/connectors?skip=200&limit=100" }, targets())
  end)

  it("take a page size", function()
    local list, response = assert(client:list_connectors { limit = 99 })
    assert_all(list)
    assert.equal(3, response.attempts)
    assert.equal("/v1/connectors?limit=99", targets()[1])
    assert_all(client:list_connectors { limit = 250 })
    assert_all(client:list_connectors { limit = 1000 })
  end)

  it("keep the query of the first page", function()
    assert(client:list_connectors { limit = 125, query = { a = "b c" } })
    assert.same({ "/v1/connectors?a=b%20c&limit=125",
      "/v1/connectors?skip=125&limit=125&a=b%20c" }, targets())
  end)

  it("come a page at a time with follow = false", function()
    local page, response =
      assert(client:list_connectors { follow = false })
    assert.equal(100, #page)
    assert.equal("/v1/connectors?skip=100&limit=100", response.next_url)
    assert.equal(1, response.attempts)
    local rest
    rest, response = assert(client:request { path = response.next_url,
      follow = true })
    assert.equal(150, #rest)
    assert.is_nil(response.next_url)
    page, response = assert(client:list_connectors {
      follow = false, query = { skip = 200 } })
    assert.equal(50, #page)
    assert.is_nil(response.next_url)
  end)

  it("have the others' pages, too", function()
    for _, name in ipairs { "list_connector_licenses",
      "get_connector_install_base" } do
      local all = assert(client[name](client, ID))
      local pages, response = assert(client[name](client, ID,
        { limit = 1 }))
      assert.same(all, pages)
      assert.equal(#all, response.attempts)
      assert.is_true(#all >= 3)
      local one
      one, response = assert(client[name](client, ID, { limit = 1,
        follow = false }))
      assert.same({ all[1] }, one)
      assert.is_string(response.next_url)
    end
  end)

  it("are marked arrays", function()
    local list = assert(client:list_connectors())
    while #list > 0 do
      table.remove(list)
    end
    assert.equal("[]", celigo.json.encode(list))
  end)

  it("that are empty are empty arrays, under 200 and 204", function()
    for _, status in ipairs { 200, 204 } do
      local empty <close> = sandbox.start { seed = false,
        empty_list_status = status }
      local mine <close> = celigo.new { base_url = empty.url, token = "t" }
      local list, response = assert(mine:list_connectors())
      assert.equal(status, response.status)
      assert.equal("[]", celigo.json.encode(list))
    end
  end)

  it("use the client's own origin, whatever the link names", function()
    local other <close> = sandbox.start { seed = 150,
      link_base = "https://api.integrator.io" }
    local mine <close> = celigo.new { base_url = other.url, token = "t" }
    assert.equal(150, #mine:list_connectors())
  end)
end)

describe("a list", function()
  local server, client

  setup(function()
    server = fault.start()
    client = celigo.new { base_url = server.url, token = "t",
      max_retries = 0, rate_limit = false }
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  local function page(body, link)
    return { body = body, headers = link and { Link = link } or nil }
  end

  local function targets()
    local list = {}
    for i, request in ipairs(server:requests()) do
      list[i] = request.target
      assert.equal("base", request.origin)
    end
    return list
  end

  -- The target that a link on the first page leads to.
  local function target_of(link)
    server:script { page("[1]", link), page("[2]") }
    assert.same({ 1, 2 }, (assert(client:list_connectors())))
    return targets()[2]
  end

  it("follows links in every form", function()
    for link, target in pairs {
      ['<https://api.integrator.io/v1/x?skip=1>; rel="next"'] =
        "/v1/x?skip=1",
      ["</v1/connectors?after=a%20b%2F>; rel=next"] =
        "/v1/connectors?after=a%20b%2F",
      ['<?skip=1>; REL="NEXT"'] = "/v1/connectors?skip=1",
      ['<connectors?b=1>;rel="prev next last"'] = "/v1/connectors?b=1",
      ['</a>; rel="prev", </b>; rel="next"'] = "/b",
      ['</a,b;c>; title="x, y; rel=prev"; rel="next"'] = "/a,b;c",
      [" , </a> ; rel = next ;x, "] = "/a",
      ["<//other.example.com/p?q=1>; rel=next"] = "/p?q=1",
      ["<../v2/y>; rel=next"] = "/v2/y",
      ["<http://u:p@other.example.com:99/z#f>; rel=next"] = "/z",
    } do
      assert.equal(target, target_of(link), link)
    end
  end)

  it("follows the link in one of several fields", function()
    server:script { { body = "[1]", headers = {
      { "Link", '</a>; rel="prev"' }, { "link", '</b>; rel="next"' } } },
      page "[2]" }
    assert.same({ 1, 2 }, (assert(client:list_connectors())))
    assert.equal("/b", targets()[2])
  end)

  it("ends where no link is the next", function()
    for _, link in ipairs { '</a>; rel="prev"', "</a>", '</a>; rel="nextt"',
      '</a>; rel="first"; title="next"', "",
      '</a>; rel="next"; anchor="/elsewhere"' } do
      server:script { page("[1]", link) }
      assert.same({ 1 }, (assert(client:list_connectors())))
      assert.equal(1, #targets())
    end
  end)

  -- The pagination error of a list whose pages these are.
  local function broken(steps, n, options)
    server:script(steps)
    local value, err = client:list_connectors(options)
    assert.is_nil(value)
    assert.is_true(celigo.is_error(err))
    assert.equal("pagination", err.kind)
    assert.equal("list_connectors", err.operation)
    assert.is_false(err.retryable)
    assert.is_false(err.maybe_applied)
    assert.is_string(err.message)
    assert.equal(n, #targets())
    return err
  end

  it("does not end early where a link cannot be parsed", function()
    for _, link in ipairs { "</a; rel=next", "a; rel=next", "nonsense",
      '</a>; rel="next', "<>; rel=next",
      "<https://>; rel=next",
      "<https://h:99999/x>; rel=next" } do
      broken({ page("[1]", link), page "[2]" }, 1)
    end
  end)

  it("does not spin", function()
    broken({ page("[1]", '</v1/connectors>; rel="next"') }, 1)
    broken({ page("[1]", "<#x>; rel=next") }, 1)
    broken({ page("[1]", "</v1/connectors?x>; rel=next"), page("[2]", "<?x>; rel=next") }, 2)
    broken({ page("[1]", "</b>; rel=next"), page("[2]", "</c>; rel=next"),
      page("[3]", "</b>; rel=next"), page("[4]") }, 3)
    local err = broken({ page("[1]", "</b>; rel=next") }, 2)
    assert.equal("/b", err.path)
    broken({ page("[1]", "<https://elsewhere.example.com/v1/connectors>; "
      .. "rel=next") }, 1)
    broken({ page("[1]", "</v1/connectors?limit=5>; rel=next") }, 1,
      { limit = 5 })
  end)

  it("fails as a whole where a later page fails", function()
    server:script { page("[1]", "</b>; rel=next"),
      { status = 500, body = '{"message":"no"}' } }
    local value, err = client:list_connectors()
    assert.is_nil(value)
    assert.equal("http", err.kind)
    assert.equal(500, err.status)
    assert.equal("/b", err.path)
    assert.equal(2, err.attempts)
    server:script { page("[1]", "</b>; rel=next"), page("[2") }
    value, err = client:list_connectors()
    assert.is_nil(value)
    assert.equal("decode", err.kind)
    server:script { page("[1]", "</b>; rel=next"),
      { body = "[2]", stall = true } }
    value, err = client:list_connectors { timeout = 0.1 }
    assert.is_nil(value)
    assert.equal("timeout", err.kind)
  end)

  it("has each record once, though a page is asked for again", function()
    local patient <close> = celigo.new { base_url = server.url, token = "t",
      retry_base = 0 }
    server:script { { status = 503 }, page("[1]", "</b>; rel=next"),
      { status = 502 }, { body = "[2,3]", cut = "body", ending = "close" },
      page("[2,3]", "</c>; rel=next"), page("[4]") }
    local list, response = assert(patient:list_connectors())
    assert.same({ 1, 2, 3, 4 }, list)
    assert.equal(6, response.attempts)
    assert.same({ "/v1/connectors", "/v1/connectors", "/b", "/b", "/b",
      "/c" }, targets())
  end)

  it("may begin, go on and end with empty pages", function()
    server:script { page("", "</b>; rel=next"), page("[1]", "</c>; rel=next"),
      page("[]", "</d>; rel=next"),
      { status = 204, headers = { Link = "</e>; rel=next" } },
      page("[null]", "</f>; rel=next"), { status = 204 } }
    local list = assert(client:list_connectors())
    assert.equal("[1,null]", celigo.json.encode(list))
    assert.equal(6, #targets())
  end)

  it("does not spin where a loop leads back far behind", function()
    local pages = {}
    for i = 1, 3000 do pages[i] = page("[1]", ("</x?p=%d>; rel=next"):format(i < 3000 and i or 1500)) end
    broken(pages, 3000)
  end)

  it("goes over many empty pages, but not over 1,000 in a row", function()
    local pages = {}
    for i = 1, 2500 do pages[i] = page(i == 999 and "[1]" or "[]", ("</x?p=%d>; rel=next"):format(i)) end
    server:script(pages)
    local list, err = client:list_connectors()
    assert.is_nil(list)
    assert.equal("pagination", err.kind)
    assert.equal("no_records", err.code)
    assert.equal("1000 pages in a row hold no record", err.message)
    assert.equal(1999, #server:requests())
  end)

  it("sends its own headers for every page", function()
    server:script { page("[1]", "</b>; rel=next"), page("[2]") }
    assert(client:list_connectors { headers = { ["X-A"] = "b" } })
    for _, request in ipairs(server:requests()) do
      assert.equal("b", request.headers["x-a"])
      assert.equal("Bearer t", request.headers.authorization)
    end
  end)

  it("follows nextPageURL in a body", function()
    local function object(records, next_url)
      return { body = ('{"meta":{"n":1},"nextPageURL":%s,"items":%s}')
        :format(next_url, records) }
    end
    server:script { object("[1,2]", '"/v1/x?page=2"'),
      object("[]", '"https:\\/\\/h.example.com\\/v1/x?page=3"'),
      object("[3]", '"?page=\\u0034"'), object("[4]", "null") }
    local list = assert(client:request { path = "/v1/x", follow = true })
    assert.same({ 1, 2, 3, 4 }, list)
    assert.same({ "/v1/x", "/v1/x?page=2", "/v1/x?page=3", "/v1/x?page=4" },
      targets())
    server:script { object("[1]", '"/v1/x"') }
    local value, err = client:request { path = "/v1/x", follow = true }
    assert.is_nil(value)
    assert.equal("pagination", err.kind)
    server:script { object("[1]", '"https://h:port/"') }
    value, err = client:request { path = "/v1/x", follow = true }
    assert.is_nil(value)
    assert.equal("pagination", err.kind)
  end)

  it("keeps a base URL's path, and does not double it", function()
    local mine <close> = celigo.new { base_url = server.url .. "/proxy",
      token = "t" }
    for _, link in ipairs { "</proxy/v1/b>", "</v1/b>", "<b>",
      "<" .. server.url .. "/proxy/v1/b>" } do
      server:script { page("[1]", link .. "; rel=next"), page("[2]") }
      assert.same({ 1, 2 }, (assert(mine:list_connectors())))
      assert.same({ "/proxy/v1/connectors", "/proxy/v1/b" }, targets())
    end
  end)

  it("gives its records as they are", function()
    server:script { page('[[],{},null,false,"x",[1,[2]],1.5]') }
    local list = assert(client:list_connectors())
    assert.equal('[[],{},null,false,"x",[1,[2]],1.5]',
      celigo.json.encode(list))
  end)

  it("that leads nowhere good is an error without follow, too", function()
    broken({ page("[1]", "nonsense") }, 1, { follow = false })
  end)

  describe("with another codec", function()
    local mine

    setup(function()
      mine = celigo.new { base_url = server.url, token = "t",
        max_retries = 0, json = cjson }
    end)

    teardown(function() mine:close() end)

    it("has all pages", function()
      server:script { page("[1,null]", "</b>; rel=next"),
        page("[]", "</c>; rel=next"), page('[{"a":[]}]') }
      local list, response = assert(mine:list_connectors())
      assert.same({ 1, cjson.null, { a = {} } }, list)
      assert.equal(3, response.attempts)
      server:script { page("[1]", "</b>; rel=next") }
      list, response = assert(mine:list_connectors { follow = false })
      assert.same({ 1 }, list)
      assert.equal("/b", response.next_url)
      server:script { { status = 204 } }
      assert.equal("[]", celigo.json.encode((mine:list_connectors())))
    end)

    it("does not lose the records of an object", function()
      server:script {
        { body = '{"nextPageURL":"/v1/y","items":[1,2],"meta":{"a":1}}' },
        { body = '{"meta":{"a":1},"items":[],"nextPageURL":"/v1/z"}' },
        { body = '{"items":[3],"meta":{"a":1},"other":"x"}' } }
      assert.same({ 1, 2, 3 }, (assert(mine:request { path = "/v1/x",
        follow = true })))
      assert.same({ "/v1/x", "/v1/y", "/v1/z" }, targets())
    end)

    it("refuses what is no list", function()
      for _, body in ipairs { '{"a":1}', "5", '"x"', "true", "null",
        '{"a":[1],"b":[2]}', "[1", "<html>" } do
        server:script { { body = body } }
        local value, err = mine:list_connectors()
        assert.is_nil(value)
        assert.equal("decode", err.kind)
        assert.equal(body, err.body)
        assert.equal(200, err.status)
      end
    end)

    it("does not spin either", function()
      server:script { page("[1]", "</b>; rel=next") }
      local value, err = mine:list_connectors()
      assert.is_nil(value)
      assert.equal("pagination", err.kind)
      assert.equal(2, #targets())
    end)
  end)
end)

-- RFC 9112, section 5.2: a line that begins with white space goes on with the
-- last one; and section 5.1: nothing may stand before the colon, but does.
describe("a Link header that is oddly written", function()
  local server, client

  setup(function()
    server = fault.start()
    client = celigo.new { base_url = server.url, token = "t", max_retries = 0 }
  end)

  teardown(function()
    client:close()
    server:stop()
  end)

  for name, lines in pairs {
    ["folded with a space"] = 'Link: </v1/x?skip=0>; rel="prev",\r\n </v1/x?skip=2>; rel="next"',
    ["folded with a tab"] = 'Link: </v1/x?skip=2>;\r\n\trel="next"',
    ["spaced before its colon"] = 'Link : </v1/x?skip=2>; rel="next"',
  } do
    it(name .. " is followed", function()
      local first = { raw = ("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n%s\r\n\r\n[1,2,3]"):format(lines) }
      server:script { first, { body = "[4]" } }
      assert.same({ 1, 2, 3, 4 }, (client:list_connectors()))
      server:script { first, { body = "[4]" } }
      local seen = {}
      for record in client:each_connector() do seen[#seen + 1] = record end
      assert.same({ 1, 2, 3, 4 }, seen)
    end)
  end
end)
