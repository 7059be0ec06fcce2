-- Request bodies against the contract: what is sent, what is refused, and
-- what is said about it.

local celigo = require "celigo"
local probe = require "schema_probe"

local null, array, object = celigo.null, celigo.array, celigo.object
local encode = probe.encode

--- The faults of a body, as "code field: message" each.
local function faults_of(value, shape)
  local text, faults = encode(value, shape)
  assert.is_nil(text)
  local list = {}
  for i, fault in ipairs(faults) do
    for key in pairs(fault) do
      assert(key == "code" or key == "field" or key == "message", key)
    end
    list[i] = ("%s %s|%s"):format(fault.code, fault.field, fault.message)
  end
  return list
end

local function invalid(field, message)
  return ("invalid_field %s|%s"):format(field, message)
end

local function missing(field, rest)
  return ("missing_required_field %s|%s is required%s"):format(field, field,
    rest or "")
end

--- What a body is sent as, decoded again.
local function sent(value, shape, validate)
  return celigo.json.decode(assert(encode(value, shape, validate)))
end

local function clone(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for k, v in next, value do rawset(copy, k, clone(v)) end
  return setmetatable(copy, getmetatable(value))
end

--- The least that passes for each shape.
local least = {
  connector = function() return { name = "n" } end,
  license = function() return {} end,
  license_create = function()
    return {
      email = "ann@example.com", expires = "2026-12-31T00:00:00Z", opts = {},
    }
  end,
  push_update = function() return {} end,
  install = function() return {} end,
}

local names = {
  string = "a string", boolean = "a boolean", integer = "an integer",
  number = "a number", array = "an array", object = "an object",
}

--- One value of each type, and how a message shows it.
local samples = {
  string = { "text", '"text"' },
  boolean = { true, "true" },
  integer = { 12, "12" },
  number = { 1.5, "1.5" },
  array = { array { 1 }, "an array" },
  object = { object { a = 1 }, "an object" },
}

local function expected_types(types)
  local list = {}
  for _, name in ipairs { "string", "boolean", "integer", "number", "array",
    "object" } do
    if types[name] then list[#list + 1] = names[name] end
  end
  return table.concat(list, " or ")
end

describe("a field given a wrong type is refused:", function()
  local checked = 0

  --- Tests each field of a shape; wrap(value) makes the body around it.
  local function check_fields(name, shape, path, wrap)
    for field_name, field in pairs(shape.fields) do
      local field_path = (path == "" and "" or path .. ".") .. field_name
      local function body(value) return wrap { [field_name] = value } end
      if not field.read_only then
        it(name .. " " .. field_path, function()
          for type_name, sample in pairs(samples) do
            local fits = field.types[type_name]
              or (type_name == "integer" and field.types.number)
            if not fits then
              assert.same({
                invalid(field_path, ("%s: expected %s, got %s"):format(
                  field_path, expected_types(field.types), sample[2])),
              }, faults_of(body(sample[1]), name))
            end
          end
        end)
        checked = checked + 1
      end
      if field.types.object then
        check_fields(name, field, field_path, body)
      elseif field.items then
        local item = field.items
        it(name .. " " .. field_path .. "[2]", function()
          for type_name, sample in pairs(samples) do
            if not item.types[type_name] then
              local good = item.types.object and {} or "text"
              assert.same({
                invalid(field_path .. "[2]",
                  ("%s[2]: expected %s, got %s"):format(field_path,
                    expected_types(item.types), sample[2])),
              }, faults_of(body { good, sample[1] }, name))
            end
          end
        end)
        if item.types.object then
          check_fields(name, item, field_path .. "[1]",
            function(value) return body { value } end)
        end
      end
    end
  end

  for name, shape in pairs(probe.shapes) do
    check_fields(name, shape, "", function(members)
      local body = least[name]()
      for key, value in pairs(members) do body[key] = value end
      return body
    end)
  end

  it("(all of them were there)", function()
    assert.is_true(checked > 40)
  end)

  it("a body that is no object", function()
    for shape in pairs(least) do
      assert.same({ invalid("", "expected an object, got an array") },
        faults_of({ 1 }, shape))
      assert.same({ invalid("", "expected an object, got an array") },
        faults_of(array {}, shape))
      assert.same({ invalid("", 'expected an object, got "x"') },
        faults_of("x", shape))
      assert.same({ invalid("", "expected an object, got null") },
        faults_of(null, shape))
      assert.same({ invalid("", "expected an object, got false") },
        faults_of(false, shape))
      assert.same({ invalid("", "expected an object, got 1.5") },
        faults_of(1.5, shape))
    end
  end)

  it("null in an array of strings", function()
    assert.same({ invalid("applications[1]",
      "applications[1]: expected a string, got null") },
      faults_of({ name = "n", applications = { null } }, "connector"))
  end)
end)

describe("required members", function()
  it("are all asked for", function()
    assert.same({ missing "name" }, faults_of({}, "connector"))
    assert.same({ missing "email", missing "expires", missing "opts" },
      faults_of({}, "license_create"))
    assert.same({ missing "email", missing "opts" },
      faults_of({ expires = "2026-12-31T00:00:00Z", opts = null },
        "license_create"))
    assert.same({ missing "name" }, faults_of({ x = 1 }, "connector"))
    assert.same({ missing "name" }, faults_of(object {}, "connector"))
  end)

  it("cannot be null", function()
    assert.same({ missing "name" }, faults_of({ name = null }, "connector"))
  end)

  it("are none where the contract has none", function()
    for _, shape in ipairs { "license", "push_update", "install" } do
      assert.equal("{}", encode({}, shape))
    end
  end)
end)

describe("null", function()
  it("passes for each optional member, and is sent", function()
    for name, shape in pairs(probe.shapes) do
      local body, expected = least[name](), least[name]()
      for field_name, field in pairs(shape.fields) do
        local filled = name == "push_update" -- what goes to customers is not null
        if not field.required and not field.read_only and not filled then
          body[field_name], expected[field_name] = null, null
        end
      end
      if expected.opts and expected.opts ~= null then object(expected.opts) end
      if next(expected) == nil then object(expected) end
      assert.same(expected, sent(body, name))
    end
    assert.equal('{"opts":{"addonLicenses":null}}',
      encode({ opts = { addonLicenses = null } }, "license"))
  end)
end)

describe("the trial rule", function()
  local when = " when trialEnabled is true"
  local function trial(enabled, period, license)
    return {
      name = "n", trialEnabled = enabled, trialPeriod = period,
      _trialLicenseId = license,
    }
  end

  it("needs both members", function()
    assert.same({ missing("_trialLicenseId", when),
      missing("trialPeriod", when) },
      faults_of(trial(true), "connector"))
    assert.same({ missing("_trialLicenseId", when) },
      faults_of(trial(true, 30), "connector"))
    assert.same({ missing("trialPeriod", when) },
      faults_of(trial(true, nil, "id"), "connector"))
    assert.same({ missing("_trialLicenseId", when),
      missing("trialPeriod", when) },
      faults_of(trial(true, null, null), "connector"))
    assert.truthy(encode(trial(true, 30, "id"), "connector"))
  end)

  it("holds for true alone", function()
    for _, value in ipairs { false, null } do
      assert.truthy(encode(trial(value), "connector"))
    end
    assert.truthy(encode(trial(), "connector"))
    assert.equal(1, #faults_of(trial("yes"), "connector"))
  end)

  it("is not the license's", function()
    assert.truthy(encode({ trialEnabled = true }, "license"))
  end)

  it("is not looked at where checks are off", function()
    assert.truthy(encode(trial(true), "connector", false))
  end)
end)

describe("date-times", function()
  it("are checked where the contract says so, by what they mean", function()
    local function fault(text, shown, reason)
      assert.same({ invalid("expires",
        "expires: expected a date-time such as 2026-12-31T00:00:00Z, got "
          .. shown .. (reason and " (" .. reason .. ")" or "")) },
        faults_of({ expires = text }, "license"))
    end
    fault("tomorrow", '"tomorrow"')
    fault("", '""')
    fault("2026-02-30T00:00:00Z", '"2026-02-30T00:00:00Z"',
      "February has 28 days in that year")
    fault("2026-12-31", '"2026-12-31"', "the time of day is missing")
    fault('"\n\0\\', [["\"\n\x00\\"]])
    fault(("x"):rep(41), '"' .. ("x"):rep(40) .. '"...')
    fault(("é"):rep(30), '"' .. ("é"):rep(20) .. '"...')
    fault("x" .. ("é"):rep(30), '"x' .. ("é"):rep(19) .. '"...')
    assert.truthy(encode({ expires = "2024-02-29T23:59:59.123+05:30",
      created = "2016-12-31T23:59:60Z" }, "license"))
  end)

  it("are those of `created`, and of a new license", function()
    assert.equal(1, #faults_of({ created = "now" }, "license"))
    local body = least.license_create()
    body.expires = "soon"
    assert.equal(1, #faults_of(body, "license_create"))
  end)
end)

describe("e-mail addresses", function()
  local accepted = {
    "ann@example.com", "a@b.co", "first.last@sub.example.co.uk",
    "ann+tag@example.com", "ann_b-c@example.com", "1@example.com",
    "o'neil@example.com", "!#$%&'*+/=?^_`{|}~-@example.com",
    "ANN@EXAMPLE.COM", "ann@localhost", "ann@xn--bcher-kva.example",
    "jürgen@example.com", "用户@例え.jp", "ann@bücher.example",
    "ann..b@example.com", ".ann@example.com", "ann.@example.com",
    '"ann b"@example.com', '"a@b"@example.com', '"a\\"b"@example.com',
    "ann@[192.0.2.1]", "ann@[IPv6:2001:db8::1]", "ann@under_score.example",
    "ann@1.example", ("a"):rep(64) .. "@example.com",
    ("a"):rep(100) .. "@example.com",
    ("a"):rep(242) .. "@example.com",
  }
  local refused = {
    "", "@", "ann", "ann@", "@example.com", "ann@@example.com",
    "ann@b@example.com", "ann example@example.com", "ann@exam ple.com",
    " ann@example.com", "ann@example.com ", "ann@example.com\n",
    "ann\t@example.com", "ann@example.com\0", "ann\0@example.com",
    "Ann <ann@example.com>", "<ann@example.com>", "mailto:ann@example.com",
    "ann@.com", "ann@example..com", "ann@example.com.", "ann@.",
    "ann@-example.com", "ann@example-.com", "ann@example.com-",
    "ann@example.com;bob@example.com",
    "ann(comment)@example.com", "ann@example.com/path", "ann@example,com",
    "ann\\@example.com", "a\"b@example.com", '"ann@example.com',
    '"ann"b@example.com', '"ann\\', '"\\', '"', '""', "ann@[", "ann@[]",
    "ann@[192.0.2.1", "ann@[a b]", "ann@exa!mple.com", "ann at example.com",
    ("a"):rep(243) .. "@example.com", "ann\127@example.com",
  }

  it("are accepted where mail can reach them", function()
    for _, text in ipairs(accepted) do
      assert.is_true(probe.email(text), text)
      assert.truthy(encode({ name = "n", contactEmail = text }, "connector"))
    end
  end)

  it("are refused where it cannot", function()
    for _, text in ipairs(refused) do
      assert.is_false(probe.email(text), text)
      assert.equal(1, #faults_of({ name = "n", contactEmail = text },
        "connector"))
    end
  end)

  it("may be several in contactEmail, as the service holds them", function()
    for _, text in ipairs {
      "a@x.com,b@x.com", "a@x.com, b@x.com", "a@x.com ,  b@x.com, c@x.com", '"a,b"@x.com, c@x.com',
    } do
      assert.is_true(probe.emails(text), text)
      assert.is_false(probe.email(text .. ","))
      assert.truthy(encode({ name = "n", contactEmail = text }, "connector"))
    end
    for _, text in ipairs {
      ",", "a@x.com,", ",a@x.com", "a@x.com,,b@x.com", "a@x.com b@x.com", "a@x.com, b", " a@x.com, b@x.com",
      "a@x.com, b@x.com ", "a@x.com; b@x.com", '"a,b@x.com',
    } do
      assert.is_false(probe.emails(text), text)
      assert.equal(1, #faults_of({ name = "n", contactEmail = text }, "connector"))
    end
    local body = least.license_create()
    body.email = "a@x.com, b@x.com"
    assert.equal(1, #faults_of(body, "license_create"))
  end)

  it("are checked wherever the contract has them", function()
    local message = ": expected an e-mail address such as ann@example.com, "
      .. 'got "nobody"'
    assert.same({ invalid("contactEmail", "contactEmail" .. message) },
      faults_of({ name = "n", contactEmail = "nobody" }, "connector"))
    assert.same({ invalid("user.email", "user.email" .. message) },
      faults_of({ user = { email = "nobody" } }, "license"))
    local body = least.license_create()
    body.email = "nobody"
    assert.same({ invalid("email", "email" .. message) },
      faults_of(body, "license_create"))
  end)
end)

describe("ids", function()
  it("are the service's to judge", function()
    assert.truthy(encode({ name = "n", _integrationId = "", _stackId = "x y",
      _trialLicenseId = "54fa0b38a7044f9252000036" }, "connector"))
  end)
end)

describe("integers", function()
  it("may be floats without a fraction, and are sent as integers", function()
    for validate in pairs { [true] = 1, [false] = 1 } do
      assert.equal(30, sent({ name = "n", trialPeriod = 30.0 }, "connector",
        validate).trialPeriod)
      assert.equal("integer", math.type(sent({ name = "n",
        trialPeriod = 30.0 }, "connector", validate).trialPeriod))
    end
    assert.truthy(encode({ name = "n", trialPeriod = 1e300 }, "connector"))
    assert.same({ invalid("trialPeriod",
      "trialPeriod: expected an integer, got 30.5") },
      faults_of({ name = "n", trialPeriod = 30.5 }, "connector"))
    assert.equal('{"x":30.0}', encode({ x = 30.0 }, "license"))
  end)
end)

describe("read-only members", function()
  it("are left out at the top level, whatever they hold", function()
    for _, validate in ipairs { true, false } do
      assert.same({ name = "n" }, sent({
        _id = 5, name = "n", handle = {}, lastModified = "never",
        numInstalls = print,
      }, "connector", validate))
      assert.same({ user = { _id = "u" } },
        sent({ _id = false, user = { _id = "u" } }, "license", validate))
      assert.equal("{}", encode({ _id = "x" }, "license", validate))
      for _, name in ipairs { "license", "license_create" } do
        assert.equal('{"type":"integrationApp"}', encode({
          _id = "x", handle = "h", lastModified = "2026-12-31T00:00:00.000Z", numInstalls = 1, type = "integrationApp",
        }, name, validate))
      end
    end
  end)

  it("that a license of the contract does not have are no slip of the pen", function()
    assert.equal('{"handel":"h","type":"t"}', celigo.json.encode(sent({ handel = "h", type = "t" }, "license_create"),
      { sort = true }))
  end)

  it("stay below the top level", function()
    local body = { name = "n", _iClientIdMap = {
      { _id = false, handle = "h" }, { _id = "x", numInstalls = 5 } } }
    assert.same({ name = "n", _iClientIdMap = array {
      { _id = false, handle = "h" }, { _id = "x", numInstalls = 5 } } },
      sent(body, "connector"))
  end)
end)

describe("empty tables", function()
  it("take the type that the contract gives their field", function()
    for _, validate in ipairs { true, false } do
      local text = encode({ name = "n", applications = {},
        _sharedImportIds = {}, _sharedExportIds = {}, _iClientIdMap = { {} },
        oAuthServerFlow = {}, unknown = {}, more = { {} } }, "connector",
        validate)
      local body = celigo.json.decode(text)
      for _, name in ipairs { "applications", "_sharedImportIds",
        "_sharedExportIds" } do
        assert.equal("[]", celigo.json.encode(body[name]))
      end
      assert.equal("[{}]", celigo.json.encode(body._iClientIdMap))
      assert.equal("[{}]", celigo.json.encode(body.more))
      assert.equal("{}", celigo.json.encode(body.oAuthServerFlow))
      assert.equal("{}", celigo.json.encode(body.unknown))
      assert.equal('{"opts":{"addonLicenses":[]}}',
        encode({ opts = { addonLicenses = {} } }, "license", validate))
      assert.equal('{"opts":{"addonLicenses":[{"licenses":[]}]}}',
        encode({ opts = { addonLicenses = { { licenses = {} } } } },
          "license", validate))
      assert.equal('{"_integrationIds":[]}',
        encode({ _integrationIds = {} }, "push_update", false))
      assert.equal('{"opts":{}}', encode({ opts = {} }, "license", validate))
    end
  end)

  it("keep their mark", function()
    assert.equal('{"x":[]}', encode({ x = array {} }, "license"))
    assert.equal('{"applications":{}}',
      encode({ applications = object {} }, "connector", false))
    assert.same({ invalid("opts", "opts: expected an object, got an array") },
      faults_of({ opts = array {} }, "license"))
  end)

  it("fit no string", function()
    assert.same({ invalid("name", "name: expected a string, got an object") },
      faults_of({ name = {} }, "connector"))
  end)
end)

describe("a body", function()
  local function full()
    return {
      _id = "5", name = "Sync", description = null, published = false,
      imageURL = "/images/a.png", contactEmail = "ann@example.com",
      _iClientIdMap = array { { _id = false, _iClientIds = array {},
        connection = { type = "http" } } },
      _sharedImportIds = array {}, applications = array { "a", "b" },
      numInstalls = 7, trialEnabled = true, trialPeriod = 14,
      _trialLicenseId = "t", oAuthServerFlow = { _iClientId = "i" },
      future = { deep = { array {}, object {}, 1.0, math.maxinteger } },
    }
  end

  it("may hold what the contract does not name", function()
    local expected = full()
    expected._id, expected.numInstalls = nil, nil
    array(expected.future.deep)
    assert.same(expected, sent(full(), "connector"))
  end)

  it("is never changed", function()
    local bodies = {
      full(), { name = 5, applications = { 1, {} }, opts = {} },
      { _id = 1, handle = {}, x = { print } }, {}, { { { } } },
    }
    for _, body in ipairs(bodies) do
      for _, shape in ipairs { "connector", "license", "license_create" } do
        for _, validate in ipairs { true, false } do
          local before = clone(body)
          local mark = getmetatable(body)
          encode(body, shape, validate)
          assert.same(before, body)
          assert.equal(mark, getmetatable(body))
        end
      end
    end
  end)

  it("may be read-only to Lua", function()
    local body = setmetatable({ name = "n" }, {
      __newindex = function() error "written" end,
      __index = function() error "read" end,
    })
    assert.equal('{"name":"n"}', encode(body, "connector"))
  end)

  it("is told all its faults at once, in the order of their paths",
    function()
      assert.same({
        missing("_trialLicenseId", " when trialEnabled is true"),
        invalid("applications[2]",
          "applications[2]: expected a string, got 5"),
        invalid("applications[10]",
          "applications[10]: expected a string, got true"),
        invalid("contactEmail", "contactEmail: expected an e-mail address "
          .. 'such as ann@example.com, got "x"'),
        missing "name",
        invalid("other.f", "other.f: expected a value that JSON can hold, "
          .. "got a function"),
        invalid("published", 'published: expected a boolean, got "yes"'),
      }, faults_of({
        published = "yes", contactEmail = "x", trialEnabled = true,
        trialPeriod = 5, other = { f = print },
        applications = { "a", 5, "c", "d", "e", "f", "g", "h", "i", true },
      }, "connector"))
      assert.same({
        invalid("opts.addonLicenses[2].licenses[1].addOnEdition",
          "opts.addonLicenses[2].licenses[1].addOnEdition: "
            .. "expected a string, got 7"),
        invalid("opts.addonLicenses[2].type",
          "opts.addonLicenses[2].type: expected a string, got false"),
      }, faults_of({ opts = { addonLicenses = { {}, {
        type = false, licenses = { { addOnEdition = 7 } } } } } },
        "license"))
    end)

  it("gets one fault for one mistake", function()
    assert.same({ invalid("opts", "opts: table mixes array items and named "
      .. "members") }, faults_of({ opts = { 1, x = 2 } }, "license"))
    assert.same({ invalid("expires", "expires: not valid UTF-8 at byte 1") },
      faults_of({ expires = "\xff" }, "license"))
    assert.same({ invalid("trialPeriod",
      "trialPeriod: expected a finite number, got NaN") },
      faults_of({ name = "n", trialPeriod = 0 / 0 }, "connector"))
  end)

  it("is told of every fault, sorted by path", function()
    local list = {}
    for i = 1, 1150 do list[i] = i end
    local faults = faults_of({ applications = list }, "connector")
    assert.equal(1151, #faults)
    for i = 1, 1150 do
      local path = ("applications[%d]"):format(i)
      assert.equal(invalid(path, path .. ": expected a string, got " .. i),
        faults[i])
    end
    assert.equal("missing_required_field name|name is required",
      faults[1151])
  end)

  it("is not checked where checks are off, but must still be JSON",
    function()
      assert.equal('{"expires":"soon"}',
        encode({ expires = "soon" }, "license", false))
      assert.equal("{}", encode({}, "license_create", false))
      assert.equal("[1]", encode({ 1 }, "license", false))
      local text, faults = encode({ a = { print }, b = 0 / 0 }, "license",
        false)
      assert.is_nil(text)
      assert.equal("a[1]", faults[1].field)
      assert.equal("b", faults[2].field)
    end)
end)
