playbook { name = "model", version = "1.0.0", owner = "ana", summary = "s", may_change = { "m.*" }, params = {}, changelog = { ["1.0.0"] = "." } }
local STRIDE = 3
local function label(n) return "n" .. n end
function main()
  step "First"
  local seen = m.look("a", { ms = 20 })
  undo "Put it back"
  m.put("a", 5, { ms = 30 })
  evidence("seen", { value = seen.value, label = label(1) })
  for i = 1, 2 do
    m.ring("b", i * STRIDE, { ms = 10 })
  end
  if seen.value < 3 then
    m.key("c", 7, { ms = 10 })
  else
    m.key("d", 7, { ms = 10 })
  end
  local both = parallel {
    left = function() m.put("b", 1, { ms = 40 }) return 1 end,
    right = function() sleep("15ms") return m.look("b", { ms = 10 }).value end,
  }
  evidence("both", both)
  local list = each({ 1, 2, 3, 4 }, { limit = 2 }, function(x) m.look("c", { ms = 5 + x }) return x end)
  finding("info", "list", #list)
  pcall(retry, { times = 3, backoff = "5ms..20ms" }, function(n) m.put("d", n, { ms = 5, fail = true }) end)
  local done = within("25ms", function() sleep("1s") end)
  evidence("done", done)
  local looks = 0
  wait_until("200ms", { every = "40ms", stable = 2 }, function() looks = looks + 1 return looks > 1 end)
  local answer = approve { "Go on?", by = "ana", deadline = "10m" }
  milestone("answered")
  evidence("how", answer.how)
  m.put("c", 9, { ms = 20 })
  parallel {
    slow = function() m.put("a", 6, { ms = 500 }) end,
    fails = function() sleep("30ms") fail("too slow") end,
  }
  m.ring("never", 0, { ms = 10 })
end
