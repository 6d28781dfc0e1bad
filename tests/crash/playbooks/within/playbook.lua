-- SPDX-License-Identifier: MIT
-- A time limit that some acts do not meet, and one that all of them do.
playbook {
  name = "within", version = "1.0.0", owner = "tests", summary = "Limits",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main()
  step "In time"
  local ok, value = within("1h", function()
    world.set("a", "1")
    return world.look("quick").value
  end)
  world.tell("in time: " .. tostring(ok) .. " " .. value)
  step "~ Too late"
  within("20ms", function()
    for n = 1, 4 do world.pay("maybe payment " .. n, { ms = 1 }) end
  end)
  step "After"
  world.set("a", "2")
end
