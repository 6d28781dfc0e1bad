-- SPDX-License-Identifier: MIT
-- The words of test.lua (docs/testing.md). A world is a list of operations for engine/sim.h, a run is what its
-- journal says. An expectation that does not hold is told, and the test goes on.
local prim, env = ...
local ipairs, pairs, type, tostring, pcall, select = env.ipairs, env.pairs, env.type, env.tostring, env.pcall, env.select
local table, string, misuse = env.table, env.string, prim.misuse

local tests, settings, ordinary_day = {}, nil, nil
-- Of the test that is played: whether there is one, how many runs it had, and what it expected.
local playing, runs, expected = false, 0, 0
local make_world, make_run

-- --- arguments ---------------------------------------------------------------------------------

local function duration(value, word)
  local ms = prim.duration(value)
  if not ms then misuse(word .. ' takes a duration like "90s", "15m", "2h" or "45d", got ' .. tostring(value)) end
  return ms
end

local function text(value, word)
  if type(value) ~= "string" then misuse(word .. " takes a text, got " .. type(value)) end
  return value
end

local function times(value)
  if value == nil or (env.math.type(value) == "integer" and value >= 1) then return value end
  misuse("times takes a number, 1 or more, got " .. tostring(value))
end

local function keys(value, known, word)
  if value == nil then return {} end
  if type(value) ~= "table" then misuse(word .. " takes a table, got " .. type(value)) end
  for key in pairs(value) do
    local found = false
    for _, name in ipairs(known) do found = found or name == key end
    if not found then misuse(word .. ' has no key "' .. tostring(key) .. '": it takes ' .. table.concat(known, ", ")) end
  end
  return value
end

-- --- what the file says ------------------------------------------------------------------------

local function top_level(word)
  if playing then misuse(word .. " stands inside a test, where it would never be played: it belongs beside it") end
end

function env.config(values)
  top_level("config")
  if type(values) ~= "table" then misuse("config takes a table, as muster.lua returns one") end
  if settings then misuse("config stands here twice") end
  settings = values
end

function env.ordinary(body)
  top_level("ordinary")
  if type(body) ~= "function" then misuse("ordinary takes a function: ordinary(function(world) ... end)") end
  if ordinary_day then misuse("ordinary stands here twice") end
  ordinary_day = body
end

function env.test(name, body)
  top_level("test")
  if text(name, "test") == "" then misuse("a test needs a name") end
  if not env.utf8.len(name) then misuse("the name of a test is UTF-8, as the file is; octet " .. select(2, env.utf8.len(name)) .. " of this one is not") end
  if type(body) ~= "function" then misuse('test takes a name and a function: test("...", function(world) ... end)') end
  for _, other in ipairs(tests) do
    if other.name == name then misuse('there is a test "' .. name .. '" already, in line ' .. other.line) end
  end
  local line = env.tonumber(string.match(prim.src(), ":(%d+)$") or "0")
  tests[#tests + 1] = { name = name, body = body, line = line }
end

-- --- expectations ------------------------------------------------------------------------------

local function show(value)
  if type(value) == "string" then return value end
  local ok, canon = pcall(prim.canonical, value)
  return ok and canon or tostring(value)
end

local function failed(what, diff)
  prim.failed({ src = prim.src(), what = what, diff = diff })
  return false
end

-- The longest common part of two lists of lines: "  " both, "- " expected only, "+ " got only.
local function diff_of(expected, got, same)
  local len = {}
  for i = #expected + 1, 1, -1 do
    len[i] = {}
    for j = #got + 1, 1, -1 do
      if i > #expected or j > #got then len[i][j] = 0
      elseif same(expected[i], got[j]) then len[i][j] = len[i + 1][j + 1] + 1
      else len[i][j] = len[i + 1][j] > len[i][j + 1] and len[i + 1][j] or len[i][j + 1] end
    end
  end
  local out, i, j, equal = {}, 1, 1, true
  while i <= #expected or j <= #got do
    if i <= #expected and j <= #got and same(expected[i], got[j]) then
      out[#out + 1] = "  " .. got[j]
      i, j = i + 1, j + 1
    elseif j > #got or (i <= #expected and len[i + 1][j] >= len[i][j + 1]) then
      out[#out + 1], equal = "- " .. expected[i], false
      i = i + 1
    else
      out[#out + 1], equal = "+ " .. got[j], false
      j = j + 1
    end
  end
  return not equal and out or nil
end

local function names(wanted, got) return prim.begins(got, wanted) end

local function begins(wanted, got) return string.sub(got, 1, #wanted) == wanted end

local function is(wanted, got) return wanted == got end

local function expect_list(what, expected, got, same)
  if type(expected) ~= "table" then misuse("expected is a list of texts") end
  for _, one in ipairs(expected) do text(one, "the list") end
  local diff = diff_of(expected, got, same)
  return diff == nil or failed(what .. " (- expected, + happened)", diff)
end

-- Lua's own is an expectation, too.
local assert = env.assert
function env.assert(...)
  expected = expected + 1
  return assert(...)
end

local function same_value(one, two, depth)
  if one == two then return true end
  if type(one) ~= "table" or type(two) ~= "table" or depth > 100 then return false end
  for key, value in pairs(one) do if not same_value(value, two[key], depth + 1) then return false end end
  for key in pairs(two) do if one[key] == nil then return false end end
  return true
end

-- As show(), but a text that looks like another value is told from it.
local function show_beside(value, other)
  local shown = show(value)
  if shown ~= show(other) then return shown end
  return type(value) == "string" and '"' .. shown .. '" (a text)' or shown .. " (" .. type(value) .. ")"
end

-- Of two tables that can't be written as JSON (a hole, a function): where they differ, ten places at most.
local function differences(wanted, got, path, lines)
  if #lines >= 20 or same_value(wanted, got, 0) then return lines end
  if type(wanted) ~= "table" or type(got) ~= "table" then
    lines[#lines + 1] = "- " .. path .. " = " .. show_beside(wanted, got)
    lines[#lines + 1] = "+ " .. path .. " = " .. show_beside(got, wanted)
    return lines
  end
  local function under(key) return type(key) == "string" and path .. "." .. key or path .. "[" .. tostring(key) .. "]" end
  for key, value in pairs(wanted) do differences(value, got[key], under(key), lines) end
  for key, value in pairs(got) do
    if wanted[key] == nil then differences(nil, value, under(key), lines) end
  end
  return lines
end

local function is_json(value) return (pcall(prim.canonical, value)) end

-- expect(got, wanted, what): both are the same, deeply.
function env.expect(got, wanted, what)
  expected = expected + 1
  if same_value(got, wanted, 0) then return true end
  local plain = type(got) ~= "table" or type(wanted) ~= "table" or (is_json(got) and is_json(wanted))
  return failed((what or "a value") .. " is not as expected",
    plain and { "- " .. show_beside(wanted, got), "+ " .. show_beside(got, wanted) } or differences(wanted, got, "it", {}))
end

-- --- a run -------------------------------------------------------------------------------------

local function key_of(row) return row.task .. "#" .. row.seq end

local function outcomes_of(rows)
  local found = {}
  for _, row in ipairs(rows) do
    if row.type == "o" then found[key_of(row)] = row end
  end
  return found
end

local function add_act(run, row, outcome)
  local value, out = row.value, outcome and outcome.value or {}
  local act = { verb = row.verb, shown = value.shown, src = row.src, step = row.step, target = value.target, at = row.at,
                args = value.args, ok = out.ok, how = out.how, value = out.value, why = out.error and out.error.why,
                undo = value.undo, subject = value.subject, text = value.text, audience = value.audience }
  run.acts[#run.acts + 1] = act
  if value.recipients and out.ok and out.value then
    for _, sent in ipairs(out.value.sent or {}) do
      run.told[#run.told + 1] = { to = value.audience, who = sent.recipient, ok = sent.ok, kind = row.verb,
                                  subject = value.subject, text = value.text, template = value.template, at = row.at }
    end
  end
end

local function add_gate(run, row, outcome)
  local value, out = row.value, outcome and outcome.value and outcome.value.value or {}
  run.asked[#run.asked + 1] = { kind = row.verb, title = value.title, by = value.by, then_ask = value.then_ask, quorum = value.quorum,
                                at = row.at, how = out.how, yes = out.yes, who = out.by and out.by.name, text = out.text,
                                reason = out.reason, votes = out.votes, answered = outcome and outcome.at }
end

local notes = {
  step = function(run, row) run.steps[#run.steps + 1] = row.value.title end,
  milestone = function(run, row) run.milestones[#run.milestones + 1] = row.value.name end,
  finding = function(run, row) run.findings[#run.findings + 1] = row.value end,
  evidence = function(run, row) run.evidence[#run.evidence + 1] = row.value end,
}

local hosts = {
  told = function(run, row)
    for _, sent in ipairs(row.value.sent or {}) do
      run.told[#run.told + 1] = { to = row.value.to, who = sent.recipient, ok = sent.ok, kind = row.value.kind, at = row.at,
                                  subject = row.value.kind, text = "", template = "" }
    end
  end,
  park = function(run, row) run.parked = row.value end,
}

local function read_rows(run, rows)
  local outcome = outcomes_of(rows)
  for _, row in ipairs(rows) do
    if row.type == "i" and row.value.gate then add_gate(run, row, outcome[key_of(row)])
    elseif row.type == "i" then add_act(run, row, outcome[key_of(row)])
    elseif row.type == "n" and notes[row.verb] then notes[row.verb](run, row)
    elseif row.type == "h" and hosts[row.verb] then hosts[row.verb](run, row) end
  end
end

local function add_undo(run)
  for i = #run.acts, 1, -1 do
    local act = run.acts[i]
    if act.ok and act.undo then run.undo[#run.undo + 1] = act.undo.title end
  end
end

local function lines_of(acts)
  local lines = {}
  for _, act in ipairs(acts) do lines[#lines + 1] = act.shown or act.verb end
  return lines
end

local function told_lines(run)
  local lines = {}
  for _, one in ipairs(run.told) do
    lines[#lines + 1] = "+ " .. (one.ok and "" or "NOT REACHED ") .. one.to .. " (" .. one.who .. "): " .. (one.template ~= "" and one.template or one.subject)
  end
  return lines
end

local function was_told(run, who, what)
  for _, one in ipairs(run.told) do
    local said = what == nil or one.template == what or string.find(one.subject .. "\n" .. one.text, what, 1, true)
    if one.ok and (one.to == who or one.who == who) and said then return true end
  end
  return false
end

local expectations = {}

function expectations.expect_result(run, result, why)
  if run.result ~= text(result, "expect_result") then
    return failed("the run ended otherwise", { "- " .. result, "+ " .. run.result .. ": " .. run.why })
  end
  if why and not string.find(run.why, why, 1, true) then
    return failed("it ended as expected, but for another reason", { "- " .. why, "+ " .. run.why })
  end
  return true
end

function expectations.expect_parked(run, why)
  if run.state == "parked" and (why == nil or run.result == why) then return true end
  return failed("the run is not parked as expected", { "- parked: " .. (why or "anyhow"), "+ " .. run.state .. ": " .. run.result .. ": " .. run.why })
end

function expectations.expect_acts(run, wanted)
  local done = {}
  for _, act in ipairs(run.acts) do
    if act.ok then done[#done + 1] = act end
  end
  return expect_list("its acts", wanted, lines_of(done), names)
end

-- "approve incident-lead, then duty-manager: Move the MX? => approved"
local function question_line(gate)
  return gate.kind .. " " .. (gate.by or "") .. ((gate.then_ask or "") ~= "" and ", then " .. gate.then_ask or "") .. ": " .. gate.title .. " => " .. (gate.how or "nobody answered")
end

function expectations.expect_questions(run, wanted)
  local lines = {}
  for _, gate in ipairs(run.asked) do lines[#lines + 1] = question_line(gate) end
  return expect_list("its questions", wanted, lines, is)
end

-- "stakeholders: Mail of example.com is failing"; each text is how one begins.
function expectations.expect_messages(run, wanted)
  local lines = {}
  for _, act in ipairs(run.acts) do
    if act.subject then lines[#lines + 1] = (act.audience or "") .. ": " .. act.subject end
  end
  return expect_list("its messages", wanted, lines, begins)
end

function expectations.expect_steps(run, wanted) return expect_list("its steps", wanted, run.steps, is) end
function expectations.expect_milestones(run, wanted) return expect_list("its milestones", wanted, run.milestones, is) end
function expectations.expect_undo(run, wanted) return expect_list("what can be taken back", wanted, run.undo, is) end

function expectations.expect_told(run, who, what)
  if was_told(run, text(who, "expect_told"), what) then return true end
  prim.known { who = who, what = what }
  return failed(who .. " was not told" .. (what and " of " .. what or ""), told_lines(run))
end

function expectations.expect_not_told(run, who, what)
  if not was_told(run, text(who, "expect_not_told"), what) then
    prim.known { who = who, what = what } -- of nobody it would hold for ever
    return true
  end
  return failed(who .. " was told" .. (what and " of " .. what or ""), told_lines(run))
end

function expectations.expect_asked(run, wanted)
  keys(wanted, { "title", "by", "who", "how", "kind", "text", "reason" }, "expect_asked")
  local seen = {}
  for _, gate in ipairs(run.asked) do
    local fits = true
    for key, value in pairs(wanted) do
      fits = fits and (key == "title" and string.find(gate.title, value, 1, true) ~= nil or key ~= "title" and gate[key] == value)
    end
    if fits then return true end
    seen[#seen + 1] = "+ " .. show({ title = gate.title, by = gate.by, who = gate.who, how = gate.how, kind = gate.kind, text = gate.text })
  end
  table.insert(seen, 1, "- " .. show(wanted))
  return failed("nobody was asked like that", seen)
end

function expectations.expect_not_asked(run)
  if #run.asked == 0 then return true end
  return failed("somebody was asked", { "+ " .. run.asked[1].title })
end

function expectations.expect_finding(run, severity, message)
  for _, one in ipairs(run.findings) do
    if one.severity == severity and (message == nil or string.find(one.what .. ": " .. (one.message or ""), message, 1, true)) then return true end
  end
  return failed("there is no such finding", { "- " .. severity .. ": " .. (message or "") })
end

function expectations.expect_took(run, limits)
  keys(limits, { "at_least", "at_most" }, "expect_took")
  if not limits or not (limits.at_least or limits.at_most) then misuse("expect_took takes at_least, at_most or both") end
  local least = limits.at_least and duration(limits.at_least, "at_least") or 0
  local most = limits.at_most and duration(limits.at_most, "at_most")
  if run.took_ms >= least and (most == nil or run.took_ms <= most) then return true end
  return failed("it did not take as long as expected",
    { "- " .. (limits.at_least or "0s") .. " to " .. tostring(limits.at_most or "ever"), "+ " .. prim.duration_text(run.took_ms) })
end

-- Of a drill: all that it is judged by, in words; what was not so, or not in time, is a MISS.
local function scorecard_lines(card)
  local lines = {}
  local function add(line, ok) lines[#lines + 1] = line .. (ok and "" or ": MISS") end
  for _, one in ipairs(card.expected) do add(one.what, one.ok) end
  for _, one in ipairs(card.measures) do
    if one.target_ms then add(one.name .. " within " .. prim.duration_text(one.target_ms), one.ok) end
  end
  return lines
end

-- again: what drill.every of the header says.
function expectations.expect_scorecard(run, wanted, again)
  if not run.scorecard then return failed("the run was no drill: world:drill({ ... }) plays one", { "- a scorecard" }) end
  local every = run.every_ms
  every = every > 0 and prim.duration_text(every) or nil
  if again and again ~= every then return failed("it is due again at another time", { "- " .. again, "+ " .. tostring(every) }) end
  return expect_list("its scorecard", wanted, scorecard_lines(run.scorecard), is)
end

-- All that is in its journal is read when a test asks for it: a run that looks every minute for a month has 200,000 rows.
local function rows_later(run)
  local number = runs
  runs = runs + 1
  prim.later(run, function(self, key)
    if key ~= "rows" then return nil end
    self.rows = prim.rows(number)
    return self.rows
  end)
end

function make_run(record)
  local run = { name = record.name, state = record.state, result = record.result, why = record.why, exit = record.exit,
                took_ms = record.took_ms, scorecard = record.scorecard, every_ms = record.scorecard and record.rows[1].value.drill.every_ms, acts = {}, told = {}, asked = {}, steps = {}, milestones = {},
                findings = {}, evidence = {}, undo = {} }
  read_rows(run, record.rows)
  add_undo(run)
  for name, expectation in pairs(expectations) do
    run[name] = function(...)
      expected = expected + 1
      return expectation(...)
    end
  end
  rows_later(run)
  return run
end

-- --- a world -----------------------------------------------------------------------------------

local function absolute(name) return string.sub(name, -1) == "." and name or name .. "." end

local function mx_records(list)
  if type(list) == "string" then list = { list } end
  local records = {}
  for _, one in ipairs(list) do
    if type(one) == "table" then records[#records + 1] = tostring(one.preference) .. " " .. absolute(one.host)
    else records[#records + 1] = string.find(text(one, "an MX"), " ", 1, true) and absolute(one) or "10 " .. absolute(one) end
  end
  return records
end

-- The names a world was told: hosts by an address or an MX record, name servers by an NS record, all in the one form of
-- base/name.h. A fault on another one would change nothing, and look as if all went well. In a drill the network has them.
local hosts_heard, servers_heard, has_addresses, real_network = {}, {}, false, false
local saying = "" -- '"smtp_down mx1.example.com": ', when it is said by hand

-- In that form; then without its port, and whether it is an address.
local function named(name, word)
  local canonical, bare, is_address = prim.name(text(name, word))
  if not canonical then misuse(saying .. word .. ": " .. bare) end
  return canonical, bare, is_address
end

local function has_heard(heard, bare)
  for _, one in ipairs(heard) do if one == bare then return true end end
  return false
end

local function hear(heard, name)
  local canonical, bare = prim.name(name)
  if canonical and not has_heard(heard, bare) then heard[#heard + 1] = bare end
end

local function must_be_heard(heard, bare, what, otherwise)
  if real_network or has_heard(heard, bare) then return end
  local near = prim.near(bare, heard)
  misuse(saying .. "this world has no " .. what .. " " .. bare .. (near and ": did you mean " .. near .. "?" or
    #heard == 0 and ": " .. otherwise or ": " .. table.concat(heard, ", ") .. "; " .. otherwise))
end

local function host_of(name, word)
  local canonical, bare = named(name, word)
  must_be_heard(hosts_heard, bare, "host", "ordinary() of test.lua makes its hosts, world:mail_server(host, address)")
  return canonical
end

-- Whoever answers may be "resolver", a name server, any other host, or an address that a playbook asks.
local function asked_of(name, word)
  local canonical, bare, is_address = named(name, word)
  if canonical == "resolver" or is_address or has_heard(hosts_heard, bare) then return canonical end
  local known = { "resolver", table.unpack(servers_heard) }
  must_be_heard(known, bare, "name server", "world:nameservers(domain, ...) makes more")
  return canonical
end

local heard_in = { -- by type, what is heard of a record of that owner
  A = function(owner, record) has_addresses = true hear(hosts_heard, owner) hear(hosts_heard, record) end,
  MX = function(_, record) hear(hosts_heard, string.match(record, "^%s*%d+%s+(%S+)")) end,
  NS = function(_, record) hear(servers_heard, record) end,
}
heard_in.AAAA = heard_in.A

-- Of facts whose key is a name: the key as it is looked up.
local keys_of = {}
keys_of["dns.rrset"] = function(key, value)
  local owner, kind, server = string.match(key, "^([^/]*)/([^@]+)@?(.*)$")
  if not owner then misuse("the key of the fact dns.rrset is NAME/TYPE or NAME/TYPE@SERVER, got " .. key) end
  owner, kind = named(owner, "rrset"), string.upper(kind)
  for _, record in ipairs(type(value) == "table" and type(value.records) == "table" and heard_in[kind] and value.records or {}) do
    heard_in[kind](owner, text(record, "a record"))
  end
  return owner .. "/" .. kind .. (server ~= "" and "@" .. asked_of(server, "at") or "")
end
keys_of["smtp.host"] = function(key)
  local canonical, bare = named(key, "smtp")
  if has_addresses then return host_of(key, "smtp") end -- it would have no address, and no MX leads to it
  hear(hosts_heard, bare)
  return canonical
end
keys_of["dns.server"] = function(key) return asked_of(key, "dns_silent") end
keys_of["dns.lag"] = function(key)
  local canonical, bare = named(key, "dns_lags")
  if bare ~= "resolver" then must_be_heard(servers_heard, bare, "name server", "world:nameservers(domain, ...) makes them") end
  return canonical
end

local certificate_keys = { "subject", "issuer", "names", "not_before", "not_after", "days_left", "verified", "verify_error", "host_matches", "version", "cipher", "chain" }
local methods = {}

function methods.fact(world, fact, key, value, how)
  keys(how, { "lasts" }, "fact's options")
  key = keys_of[text(fact, "fact")] and keys_of[fact](text(key, "fact"), value) or key
  if fact == "smtp.host" and type(value) == "table" then keys(value.certificate, certificate_keys, "certificate") end
  return world:op { op = "fact", fact = fact, key = text(key, "fact"), value = value,
                    for_ms = how and how.lasts and duration(how.lasts, "lasts") }
end

-- how.at: what only this name server says, or "resolver" with its cache; how.lasts: for so long.
function methods.rrset(world, name, kind, records, ttl, how)
  keys(how, { "at", "lasts" }, "rrset's options")
  local key = text(name, "rrset") .. "/" .. text(kind, "rrset") .. (how and how.at and "@" .. text(how.at, "at") or "")
  return world:fact("dns.rrset", key, { ttl = ttl or 3600, records = records }, how and { lasts = how.lasts })
end

function methods.mx(world, domain, list, ttl, how) return world:rrset(domain, "MX", mx_records(list), ttl, how) end

function methods.nameservers(world, domain, ...)
  local records = {}
  for _, name in ipairs({ ... }) do records[#records + 1] = absolute(text(name, "nameservers")) end
  return world:rrset(domain, "NS", records)
end

function methods.address(world, host, ...)
  local four, six = {}, {}
  for _, one in ipairs({ ... }) do
    local list = string.find(text(one, "address"), ":", 1, true) and six or four
    list[#list + 1] = one
  end
  hear(hosts_heard, named(host, "address"))
  world:rrset(host, "A", four)
  return world:rrset(host, "AAAA", six)
end

local smtp_states = { up = true, refused = true, timeout = true, busy = true, rejecting = true }
-- how: what it says, or { why, starttls, certificate = { days_left, host_matches, verified }, lasts }.
function methods.smtp(world, host, state, how)
  if not smtp_states[state] then misuse("smtp takes a host and up, refused, timeout, busy or rejecting, got " .. tostring(state)) end
  local h = type(how) == "string" and { why = how } or keys(how, { "why", "starttls", "certificate", "lasts" }, "smtp's options")
  return world:fact("smtp.host", text(host, "smtp"),
    { state = state, why = h.why, starttls = h.starttls, certificate = h.certificate }, { lasts = h.lasts })
end
function methods.smtp_down(world, host, how)
  if type(how) == "string" and has_heard(hosts_heard, (prim.name(how))) then misuse("smtp_down takes one host: " .. how .. " needs a line of its own") end
  return world:smtp(host_of(host, "smtp_down"), "timeout", how)
end
function methods.smtp_up(world, host, how) return world:smtp(host_of(host, "smtp_up"), "up", how) end

function methods.mail_server(world, host, address, state, how)
  world:address(host, address)
  return world:smtp(host, state or "up", how)
end

local function one_of(state, known, word)
  for _, one in ipairs(known) do if state == one then return state end end
  local near = type(state) == "string" and prim.near(state, known)
  misuse(word .. " takes " .. table.concat(known, ", ") .. "; got " .. tostring(state) .. (near and ": did you mean " .. near .. "?" or ""))
end
local provider_states, channel_states = { "up", "refused", "timeout", "busy", "lies" }, { "up", "down" }
local child_states = { "finished", "failed", "cancelled", "parked" }

function methods.provider(world, name, state, how)
  keys(how, { "lasts", "why" }, "provider's options")
  return world:fact("provider", text(name, "provider"), { state = one_of(state, provider_states, "provider"), why = how and how.why }, how and { lasts = how.lasts })
end
function methods.channel(world, name, state, how)
  keys(how, { "lasts", "why" }, "channel's options")
  return world:fact("channel", text(name, "channel"), { state = one_of(state, channel_states, "channel"), why = how and how.why }, how and { lasts = how.lasts })
end
function methods.dns_lags(world, server, by)
  return world:fact("dns.lag", text(server, "dns_lags"), { ms = duration(by, "dns_lags") })
end
-- The pinned resolvers go on with what they have cached, for so long after a change.
function methods.resolver_caches(world, by) return world:dns_lags("resolver", by) end
-- A name server, or "resolver", gives no answer.
function methods.dns_silent(world, server, how)
  keys(how, { "lasts", "why" }, "dns_silent's options")
  return world:fact("dns.server", text(server, "dns_silent"), { state = "silent", why = how and how.why }, how and { lasts = how.lasts })
end
-- What an entry of commands{} ends with: { exit_code, stdout, stderr, ms }.
function methods.command(world, name, ends)
  local e = keys(ends, { "exit_code", "stdout", "stderr", "ms", "lasts" }, "command's options")
  return world:fact("command", text(name, "command"),
    { exit_code = e.exit_code or 0, stdout = e.stdout or "", stderr = e.stderr or "", ms = e.ms or 0 }, { lasts = e.lasts })
end
-- How a run that is started ends: { state, result, why, after, lasts }.
function methods.child(world, playbook, ends)
  local e = keys(ends, { "state", "result", "why", "after", "lasts" }, "child's options")
  return world:fact("child", text(playbook, "child"),
    { state = one_of(e.state or "finished", child_states, "child"), result = e.result or "", why = e.why or "", ms = e.after and duration(e.after, "after") or 0 }, { lasts = e.lasts })
end
function methods.http(world, request, answer) return world:fact("api", text(request, "http"), keys(answer, { "status", "body" }, "http")) end

-- src: where it was said, for a target that nothing has.
function methods.fails(world, verb, how, options)
  local o = keys(options, { "target", "times", "why", "class", "late" }, "fails' options")
  return world:op { op = "fault", verb = text(verb, "fails"), how = text(how, "fails"), target = o.target and text(o.target, "target"),
                    times = times(o.times), why = o.why, class = o.class, src = o.target and prim.src(), late_ms = o.late and duration(o.late, "late") }
end

function methods.result(world, verb, value, options)
  local o = keys(options, { "target", "times" }, "result's options")
  return world:op { op = "result", verb = text(verb, "result"), value = value, target = o.target and text(o.target, "target"),
                    times = times(o.times), src = o.target and prim.src() }
end

local function said_then(answer)
  local a = keys(answer, { "says", "after", "why", "later" }, "person's later")
  return { says = text(a.says, "says"), why = a.why, after_ms = a.after and duration(a.after, "after"),
           ["then"] = a.later and said_then(a.later) }
end

-- later: what they say to the same question afterwards: { says = "withdraw", after = "2m" }.
function methods.person(world, name, answer)
  local a = keys(answer, { "says", "after", "why", "unasked", "times", "later" }, "person")
  return world:op { op = "person", name = text(name, "person"), says = text(a.says or "yes", "says"), why = a.why, unasked = a.unasked,
                    times = times(a.times), after_ms = a.after and duration(a.after, "after"), ["then"] = a.later and said_then(a.later) }
end

-- The machine that executes stands still for so long; between two runs: time passes.
function methods.host_sleeps(world, for_how_long)
  return world:op { op = "asleep", for_ms = duration(for_how_long, "host_sleeps") }
end

-- world:at("12m"):smtp_up("mx1.example.com"), or several: world:at("12m", function(world) ... end).
function methods.at(world, when, body)
  local later = make_world(duration(when, "at"))
  if body == nil then return later end
  if type(body) ~= "function" then misuse("at takes a duration, and a function that gets the world as it will be then") end
  body(later)
  return world
end

function methods.run(world, params, how)
  local h = keys(how, { "playbook", "by", "reason" }, "run's options")
  return make_run(prim.run { what = "run", params = params or {}, playbook = h.playbook, by = h.by, reason = h.reason })
end

-- The faults of a scenario of the header come over this world, and it is detected as muster serve would.
function methods.drill(world, params, how)
  local h = keys(how, { "scenario", "faults", "playbook", "by", "reason" }, "drill's options")
  return make_run(prim.run { what = "drill", params = params or {}, scenario = h.scenario, faults = h.faults, playbook = h.playbook,
                             by = h.by, reason = h.reason })
end

function methods.undo(world, run, how)
  local h = keys(how, { "item", "by", "reason" }, "undo's options")
  return make_run(prim.run { what = "undo", run = run.name, item = h.item, by = h.by, reason = h.reason })
end

-- at_ms nil: now.
function make_world(at_ms)
  local world = {}
  for name, method in pairs(methods) do world[name] = method end
  function world.op(self, op)
    op.at_ms = at_ms
    prim.world(op)
    return self
  end
  return world
end

-- --- from a command line ---------------------------------------------------------------------

-- How the blanks-separated words behind a method's name become its arguments; else they are texts, in order.
local spoken = {
  person = function(name, says, after) return name, { says = says, after = after } end,
  provider = function(name, state, lasts) return name, state, { lasts = lasts } end,
  channel = function(name, state, lasts) return name, state, { lasts = lasts } end,
  fails = function(verb, how, times) return verb, how, { times = env.tonumber(times) or times } end,
  mx = function(domain, ...) return domain, { ... } end,
}
local unspoken = { run = true, drill = true, undo = true, at = true, fact = true, http = true, result = true, rrset = true, command = true, child = true }

-- "smtp_down mx1.example.com", "at 5m smtp_up mx1.example.com".
local function say_to(world, said)
  local words = {}
  for word in string.gmatch(said, "%S+") do words[#words + 1] = word end
  if words[1] == "at" and words[2] then
    world = world:at(words[2])
    table.remove(words, 1)
    table.remove(words, 1)
  end
  local name = table.remove(words, 1) or ""
  if not methods[name] or unspoken[name] then
    local known = {}
    for method in pairs(methods) do if not unspoken[method] then known[#known + 1] = method end end
    misuse('"' .. said .. '" begins with no word of a world: ' .. table.concat(known, ", "))
  end
  saying = '"' .. said .. '": '
  if name == "smtp" and words[1] then host_of(words[1], name) end -- by hand a host is never a new one
  if spoken[name] then world[name](world, spoken[name](table.unpack(words))) else world[name](world, table.unpack(words)) end
end

-- --- what the host asks for ----------------------------------------------------------------------

local function list()
  local names = {}
  for i, one in ipairs(tests) do names[i] = { name = one.name, line = one.line } end
  return prim.canonical(#names > 0 and names or nil), settings and prim.canonical(settings) or nil
end

local function begin()
  hosts_heard, servers_heard, has_addresses, real_network = {}, {}, false, false
  local world = make_world(nil)
  if ordinary_day then ordinary_day(world) end
  return world
end

local function play(i)
  playing = true
  tests[i].body(begin())
  if expected == 0 then misuse("test.lua:" .. tests[i].line .. ": this test expects nothing, so it can't fail: run:expect_result(...), expect(...)") end
end

-- said: texts for the world; params: of the run.
local function by_hand(said, params)
  local world = begin()
  for _, one in ipairs(said) do say_to(world, one) end
  world:run(params)
end

-- The same words in the world of a drill: nothing is there but what was said.
local function scenario(said)
  real_network = true
  local world = make_world(nil)
  for _, one in ipairs(said) do say_to(world, one) end
end

return list, play, by_hand, scenario
