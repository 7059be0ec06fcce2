-- celigo.timestamp and celigo.parse_timestamp. Dates are checked against a
-- calendar that is counted here, day by day, not computed.

local celigo = require "celigo"
local seeded = require "spec.support.seeded"

local LAST_YEAR = seeded.slow and 2110 or 9999

local timestamp, parse = celigo.timestamp, celigo.parse_timestamp

local function is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

local function month_days(year, month)
  local days = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
  return month == 2 and is_leap(year) and 29 or days[month]
end

--- Calls check(year, month, day, seconds) for the days from 1970 to 9999 that
-- wanted(year, month, day) says; seconds are those of the day's midnight.
local function walk(wanted, check)
  local seconds = 0
  for year = 1970, LAST_YEAR do
    for month = 1, 12 do
      for day = 1, month_days(year, month) do
        if wanted(year, month, day) then check(year, month, day, seconds) end
        seconds = seconds + 86400
      end
    end
  end
end

local function date(year, month, day)
  return ("%04d-%02d-%02d"):format(year, month, day)
end

describe("dates from 1970 to 9999", function()
  it("are exact on the first and the last day of each month", function()
    local days = 0
    walk(function(year, month, day)
      return day == 1 or day == month_days(year, month)
    end, function(year, month, day, seconds)
      local midnight = date(year, month, day) .. "T00:00:00.000Z"
      if timestamp(seconds) ~= midnight or parse(midnight) ~= seconds then
        assert.equal(midnight, timestamp(seconds))
        assert.equal(seconds, parse(midnight))
      end
      local last = seconds + 86399
      local late = date(year, month, day) .. "T23:59:59.000Z"
      if timestamp(last) ~= late or parse(late) ~= last then
        assert.equal(late, timestamp(last))
        assert.equal(last, parse(late))
      end
      days = days + 1
    end)
    assert.equal((LAST_YEAR - 1969) * 24, days)
  end)

  it("are exact on each day of some years", function()
    local years = {}
    for _, year in ipairs {
      1970, 1972, 1999, 2000, 2001, 2026, 2028, 2038, 2100, 2400, 9999,
    } do years[year] = true end
    walk(function(year) return years[year] end,
      function(year, month, day, seconds)
        assert.equal(seconds, parse(date(year, month, day) .. "T00:00:00Z"))
        assert.equal(date(year, month, day) .. "T12:34:56.000Z",
          timestamp(seconds + 45296))
      end)
  end)

  it("have no days beyond the end of a month", function()
    for _, year in ipairs { 1999, 2000, 2023, 2024, 2100, 2400, 9999 } do
      for month = 1, 12 do
        local last = month_days(year, month)
        assert.is_number(parse(date(year, month, last) .. "T00:00:00Z"))
        local value, message = parse(date(year, month, last + 1)
          .. "T00:00:00Z")
        assert.is_nil(value)
        assert.truthy(message:find("has " .. last .. " days", 1, true))
      end
    end
  end)

  it("reach back to the year 0", function()
    assert.equal(-62167219200, parse "0000-01-01T00:00:00Z")
    assert.equal("0000-01-01T00:00:00.000Z", timestamp(-62167219200))
    assert.equal("1969-12-31T23:59:59.000Z", timestamp(-1))
    assert.equal("1969-12-31T23:59:59.250Z", timestamp(-0.75))
  end)
end)

describe("parse_timestamp", function()
  local good = {
    { "1970-01-01T00:00:00Z", 0 },
    { "1970-01-01t00:00:00z", 0 },
    { "2026-12-31T00:00:00.000Z", 1798675200 },
    { "2024-02-29T00:00:00Z", 1709164800 },
    { "2000-02-29T00:00:00Z", 951782400 },
    -- offsets
    { "1970-01-01T01:00:00+01:00", 0 },
    { "1969-12-31T19:00:00-05:00", 0 },
    { "1970-01-01T23:59:00+23:59", 0 },
    { "1969-12-31T00:01:00-23:59", 0 },
    { "1970-01-01T05:30:00+05:30", 0 },
    { "1970-01-01T00:00:00+00:00", 0 },
    { "1970-01-01T00:00:00-00:00", 0 },
    { "2024-03-01T00:30:00+01:00", 1709249400 },
    -- fractions
    { "1970-01-01T00:00:00.5Z", 0.5 },
    { "1970-01-01T00:00:00.25Z", 0.25 },
    { "1970-01-01T00:00:00.001Z", 0.001 },
    { "1970-01-01T00:00:01.0Z", 1 },
    { "1970-01-01T00:00:00.0009Z", 0 },
    { "1970-01-01T00:00:00.1239999999999999999999Z", 0.123 },
    { "9999-12-31T23:59:59.999Z", 253402300799.999 },
    -- leap seconds
    { "2016-12-31T23:59:60Z", 1483228800 },
    { "1990-12-31T15:59:60-08:00", 662688000 },
    { "2017-01-01T00:59:60.5+01:00", 1483228800.5 },
  }
  for _, case in ipairs(good) do
    it("reads " .. case[1], function()
      local seconds = parse(case[1])
      assert.equal(case[2], seconds)
      assert.equal(math.type(case[2]), math.type(seconds))
    end)
  end

  local bad = {
    "", " ", "tomorrow", "2026", "2026-12", "2026-12-31",
    "2026-12-31T00:00Z", "2026-12-31T00:00:00", "2026-12-31 00:00:00Z",
    " 2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z ",
    "2026-12-31T00:00:00Z\n", "2026-12-31T00:00:00Z\0",
    "2026-12-31T00:00:00ZZ", "2026-12-31T00:00:00.Z",
    "2026-12-31T00:00:00,5Z", "2026-12-31T00:00:00.5",
    "2026-12-31T24:00:00Z", "2026-12-31T00:60:00Z", "2026-12-31T00:00:61Z",
    "2026-12-31T00:00:60Z", "2026-12-31T23:59:60+01:00",
    "2026-00-10T00:00:00Z", "2026-13-10T00:00:00Z", "2026-10-00T00:00:00Z",
    "2026-02-30T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-12-32T00:00:00Z",
    "2026-12-31T00:00:00+24:00", "2026-12-31T00:00:00+01:60",
    "2026-12-31T00:00:00+0100", "2026-12-31T00:00:00+01",
    "2026-12-31T00:00:00 +01:00", "2026-12-31T00:00:00+1:00",
    "2026-12-31T00:00:00+01:00Z", "2026-1-1T00:00:00Z",
    "26-12-31T00:00:00Z", "+2026-12-31T00:00:00Z", "-2026-12-31T00:00:00Z",
    "12026-12-31T00:00:00Z", "20261231T000000Z", "2026-W53-4T00:00:00Z",
    "2026/12/31T00:00:00Z", "31.12.2026", "1798675200", "\0", "２０２６",
    ("9"):rep(100000),
  }
  it("refuses what is no date-time, and says so", function()
    for _, text in ipairs(bad) do
      local value, message = parse(text)
      assert.is_nil(value, text)
      assert.truthy(message:find(
        'expected a date-time such as 2026-12-31T00:00:00Z, got "', 1, true))
      assert.is_true(#message < 250)
    end
  end)

  it("gives the reason where the form is right", function()
    local reasons = {
      ["2026-02-30T00:00:00Z"] = "February has 28 days in that year",
      ["2024-02-30T00:00:00Z"] = "February has 29 days in that year",
      ["2026-04-31T00:00:00Z"] = "April has 30 days",
      ["2026-13-01T00:00:00Z"] = "months go from 01 to 12",
      ["2026-12-31"] = "the time of day is missing",
      ["2026-12-31T00:00:00"] = "the offset from UTC is missing (Z, +02:00)",
    }
    for text, reason in pairs(reasons) do
      assert.same(
        'expected a date-time such as 2026-12-31T00:00:00Z, got "' .. text
          .. '" (' .. reason .. ")", select(2, parse(text)))
    end
    assert.equal("expected a date-time such as 2026-12-31T00:00:00Z, "
      .. 'got "tomorrow"', select(2, parse "tomorrow"))
  end)

  it("raises where it is given no string", function()
    for _, value in ipairs { 5, true, {}, print } do
      assert.error_matches(function() parse(value) end, "string expected")
    end
    assert.error_matches(function() parse() end, "string expected")
  end)
end)

describe("timestamp", function()
  it("rounds to the nearest millisecond", function()
    assert.equal("1970-01-01T00:00:00.001Z", timestamp(0.0006))
    assert.equal("1970-01-01T00:00:00.000Z", timestamp(0.0004))
    assert.equal("1970-01-01T00:00:01.000Z", timestamp(0.9996))
    assert.equal("1971-01-01T00:00:00.000Z", timestamp(31535999.9999))
    assert.equal("2026-12-31T00:00:00.000Z", timestamp(1798675200.0))
  end)

  it("loses no millisecond on the way there and back", function()
    for _, base in ipairs { 0, 1798675200, 253402300799 } do
      for ms = 0, 999 do
        local text = timestamp(base):gsub("%.000Z", (".%03dZ"):format(ms))
        assert.equal(text, timestamp(parse(text)))
      end
    end
  end)

  it("raises for what is no point in time", function()
    for _, value in ipairs {
      253402300800, 253402300799.9996, -62167219201, math.maxinteger,
      math.mininteger, 1e300, -1e300,
    } do
      assert.error_matches(function() timestamp(value) end,
        "outside the years 0000 to 9999")
    end
    for _, value in ipairs { 0 / 0, math.huge, -math.huge } do
      assert.error_matches(function() timestamp(value) end, "finite")
    end
    for _, value in ipairs { "0", true, {} } do
      assert.error_matches(function() timestamp(value) end,
        "number expected")
    end
    assert.error_matches(function() timestamp() end, "number expected")
  end)

  it("does not depend on the host's time zone", function()
    assert.equal("2026-07-01T12:00:00.000Z",
      timestamp(parse "2026-07-01T14:00:00+02:00"))
  end)
end)
