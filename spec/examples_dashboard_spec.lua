-- dashboard: what the page holds, and what a browser makes of it.

local celigo = require "celigo"
local browser = require "spec.support.browser"
local example = require "spec.support.example"
local sandbox = require "celigo.sandbox"

local read, run, has = example.read, example.run, example.has

local CONNECTOR <const> = "54fa0b38a7044f9252000036" -- the sandbox's first
local EVIL <const> = [[</script><script>document.title="pwned"</script><img src=x onerror="document.title='pwned'">]]
  .. [['"&amp;{{rows}} %1 ]] .. "\u{202E}\27[31m"

describe("dashboard", function()
  it("writes one page with nothing from elsewhere", function()
    local code, output, messages = run "dashboard"
    assert.equal(0, code)
    assert.equal("11 rows of 4 connectors\n", messages)
    assert.equal(1, select(2, output:gsub("<script", "")))
    for _, pattern in ipairs { "%ssrc=", "href=", "url%(", "@import", "https?://", "{{" } do
      assert.is_nil(output:find(pattern), pattern)
    end
    has(output, "default-src 'none'")
  end)

  it("escapes names, and sends no control character", function()
    local service <close> = sandbox.start()
    local client <close> = celigo.new { base_url = service.url, token = "t" }
    assert(client:edit_connector(CONNECTOR, function(record) record.name = EVIL end))
    local code, output = run("dashboard", { "--title", EVIL }, service)
    assert.equal(0, code)
    assert.equal(1, select(2, output:gsub("<script", "")))
    assert.is_nil(output:find("<img", 1, true))
    assert.is_nil(output:find "[\0-\8\11-\31\127]")
    assert.is_nil(output:find("\u{202E}", 1, true))
    has(output, "&lt;/script&gt;")
    has(output, "&amp;amp;{{rows}} %1 \\u{202E}\\u{1B}[31m")
  end)

  it("takes records of any shape", function()
    local function answer(operation, body)
      return { operation = operation, status = 200, body = body }
    end
    local service <close> = sandbox.start { faults = {
      answer("list_connectors", '[{"_id":"k","name":null,"twoDotZero":null},{"_id":"l"}]'),
      answer("list_connector_licenses", '[{"_id":"a","user":null,"opts":null,"expires":null},'
        .. '{"_id":"b","expires":"soon","trialEndDate":"never"},'
        .. '{"_id":"c","expires":"9999-12-31T23:59:59.999Z"},{"_id":"d","expires":"1970-01-01T00:00:00Z"}]'),
      answer("get_connector_install_base",
        '[{"_integrationId":null},{"_integrationId":"i","version":2,"updateInProgress":"yes"},'
        .. '{"_integrationId":"j","version":"v1.99999999999999999999-beta","updateInProgress":true}]'),
      answer("list_connector_licenses", "[]"),
      answer("get_connector_install_base", "[]"),
    } }
    local code, output, messages = run("dashboard", { "--concurrency", "1" }, service)
    assert.equal(0, code, messages)
    assert.equal("7 rows of 2 connectors\n", messages)
    has(output, "v1.99999999999999999999-beta")
  end)

  it("is empty for an account that is", function()
    local service <close> = sandbox.start { seed = false }
    local code, output = run("dashboard", {}, service)
    assert.equal(0, code)
    has(output, "Nothing is installed.")
  end)

  it("lists no more rows than a browser can sort, and says so", function()
    local service <close> = sandbox.start { seed = { connectors = 2, installs = 2600 } }
    local code, output = run("dashboard", {}, service)
    assert.equal(0, code)
    assert.equal(5000, select(2, output:match("<tbody>(.*)</tbody>"):gsub("<tr>", "")))
    local total = output:match "The table lists 5000 of (%d+) rows; the bars and totals count all%."
    assert.is_true(tonumber(total) > 5200)
    has(output, "<b>5200</b> installations")
  end)

  it("replaces a file only with a page of all connectors", function()
    local refusal <const> = { operation = "get_connector_install_base", after = 1, status = 403, times = false }
    local service <close> = sandbox.start { faults = { refusal } }
    example.assert_keeps_file("dashboard", service, " is left as it was: not every connector could be read")
    service:reset()
    local code, shown = run("dashboard", {}, service)
    assert.equal(1, code)
    has(shown, "3 connectors could not be read and are missing here.")
    local path = os.tmpname()
    local good <close> = sandbox.start()
    assert.equal(0, (run("dashboard", { "-o", path }, good)))
    has(read(path), "</html>")
    os.remove(path)
  end)
end)

describe("dashboard, in a browser,", function()
  if browser.missing() then
    return it("looks right", function() pending(browser.missing()) end)
  end

  local html, service

  setup(function()
    service = sandbox.start { seed = { connectors = 8, installs = 30 }, update_seconds = 1000 }
    local client <close> = celigo.new { base_url = service.url, token = "t" }
    assert(client:edit_connector(CONNECTOR, function(record) record.name = EVIL .. ("long"):rep(60) end))
    assert(client:push_connector_update(CONNECTOR, { _integrationIds = { "54fa0b38a7044f9254000001" } }))
    html = select(2, run("dashboard", {}, service))
  end)
  teardown(function() service:stop() end)

  it("fits every width from 390 to 1600 pixels, light and dark", function()
    local widths <const> = { 390, 600, 768, 1024, 1600 }
    for _, dark in ipairs { false, true } do
      local all = { browser.look(html, [[
        return { width: page.documentElement.scrollWidth, inner: view.innerWidth,
          dark: view.matchMedia("(prefers-color-scheme: dark)").matches,
          back: view.getComputedStyle(page.body).backgroundColor };]], { widths = widths, dark = dark }) }
      for i, width in ipairs(widths) do
        local seen = all[i]
        assert.equal(width, seen.inner)
        assert.is_true(seen.width <= width, ("%d in %d"):format(seen.width, width))
        assert.equal(dark, seen.dark)
        assert.equal(dark and "rgb(18, 22, 28)" or "rgb(244, 245, 247)", seen.back)
      end
    end
  end)

  it("can be read: every text stands out from what is behind it", function()
    for _, dark in ipairs { false, true } do
      local least = browser.look(html, [[
        function parts(color) { return color.match(/[\d.]+/g).map(Number); }
        function light(color) {
          return parts(color).slice(0, 3).map(function (v) {
            v /= 255;
            return v <= .03928 ? v / 12.92 : Math.pow((v + .055) / 1.055, 2.4);
          }).reduce(function (sum, v, i) { return sum + v * [.2126, .7152, .0722][i]; }, 0);
        }
        function behind(element) {
          for (; element; element = element.parentElement) {
            var color = view.getComputedStyle(element).backgroundColor;
            if (parts(color)[3] !== 0) return color;
          }
        }
        var least = { ratio: 99 };
        [].forEach.call(page.body.querySelectorAll("*"), function (element) {
          var own = [].some.call(element.childNodes, function (n) { return n.nodeType === 3 && n.data.trim(); });
          if (!own || element.tagName === "SCRIPT") return;
          var a = light(view.getComputedStyle(element).color), b = light(behind(element));
          var ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
          if (ratio < least.ratio) least = { ratio: ratio, text: element.outerHTML.slice(0, 100) };
        });
        return least;]], { dark = dark })
      assert.is_true(least.ratio >= 4.5, ("%.2f: %s"):format(least.ratio, least.text))
    end
  end)

  it("runs no script of a name, loads nothing, and shows the name", function()
    local seen = browser.look(html, [[
      return { title: page.title, scripts: page.scripts.length, images: page.images.length,
        loaded: view.performance.getEntriesByType("resource").length,
        name: page.querySelector("h3").textContent };]])
    assert.same({ title = "Connectors", scripts = 1, images = 0, loaded = 0, name = seen.name }, seen)
    local all = browser.look(html, [[ return [].map.call(page.querySelectorAll("h3"), function (h) {
      return h.textContent; }).join("\n"); ]])
    has(all, [[</script><script>document.title="pwned"</script>]])
  end)

  it("sorts by each heading, upward and downward", function()
    local seen = browser.look(html, [[
      var heads = page.querySelectorAll("th"), seen = [];
      function column(i) {
        return [].map.call(page.querySelectorAll("tbody tr"), function (row) {
          return row.cells[i].getAttribute("data-key");
        });
      }
      [].forEach.call(heads, function (head, i) {
        head.firstChild.click();
        var up = column(i), first = head.getAttribute("aria-sort");
        head.firstChild.click();
        seen.push({ up: up, down: column(i), first: first, second: head.getAttribute("aria-sort"),
          marked: page.querySelectorAll("th[aria-sort]").length });
      });
      return seen;]])
    assert.equal(8, #seen)
    for i, one in ipairs(seen) do
      assert.equal(1, one.marked)
      -- The table comes sorted upward by the fourth.
      assert.equal(i == 4 and one.first or "ascending", one.first)
      assert.equal(#one.up, #one.down)
      local filled, empty = {}, 0
      for _, key in ipairs(one.up) do
        if key == "" then
          empty = empty + 1
        else
          assert.equal(0, empty) -- those that are empty stand last
          filled[#filled + 1] = key
        end
      end
      for n = 1, #filled do assert.equal(filled[n]:lower(), one.down[#filled + 1 - n]:lower()) end
      if i == 4 then
        for n = 2, #filled do assert.is_true(filled[n - 1] <= filled[n]) end
      end
    end
  end)

  it("finds rows by their words", function()
    local seen = browser.look(html, [[
      var field = page.querySelector("input");
      function type(words) {
        field.value = words;
        field.dispatchEvent(new view.Event("input"));
        var rows = page.querySelectorAll("tbody tr:not([hidden])");
        return rows.length + "; " + page.getElementById("shown").textContent;
      }
      return [type("DORA3@"), type("nobody at all"), type("")];]])
    local rows = select(2, html:match("<tbody>(.*)</tbody>"):gsub("<tr>", ""))
    assert.same({
      ("1; 1 of %d rows"):format(rows), ("0; 0 of %d rows"):format(rows), ("%d; %d rows"):format(rows, rows),
    }, seen)
  end)

  it("counts what is in the account", function()
    local seen = browser.look(html, [[
      function bars(card) {
        return [].reduce.call(card.querySelectorAll(".count"), function (sum, count) {
          return sum + parseInt(count.textContent);
        }, 0);
      }
      var cards = page.querySelectorAll(".charts .card"), tiles = {};
      [].forEach.call(page.querySelectorAll(".tile"), function (tile) {
        tiles[tile.textContent.replace(/^\d+\s*/, "")] = parseInt(tile.textContent);
      });
      var updating = cards[1].querySelectorAll("i.second[style]:not([style='width:0.00%'])").length;
      return { months: bars(cards[0]), versions: bars(cards[1]), tiles: tiles, updating: updating };]])
    local client <close> = celigo.new { base_url = service.url, token = "t" }
    local licenses, installs = 0, 0
    for connector in client:each_connector() do
      licenses = licenses + #client:list_connector_licenses(connector._id)
      installs = installs + #client:get_connector_install_base(connector._id)
    end
    assert.equal(licenses, seen.months)
    assert.equal(installs, seen.versions)
    assert.equal(licenses, seen.tiles.licenses)
    assert.equal(installs, seen.tiles.installations)
    assert.equal(8, seen.tiles.connectors)
    assert.equal(1, seen.tiles["being updated"])
    assert.equal(1, seen.updating)
  end)
end)
