-- SPDX-License-Identifier: MIT
-- Acts that are refused: retried with a pause, caught by pcall, and one that fails the run at the end.
playbook {
  name = "retry", version = "1.0.0", owner = "tests", summary = "Acts that fail",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main()
  step "Retry"
  local tries = retry({ times = 4, backoff = "10ms..40ms" }, function(n)
    world.set("before " .. n, tostring(n))
    world.tell("try " .. n, { fail = n < 3 and "busy" or nil })
    return n
  end)
  step "Caught"
  local ok, err = pcall(world.pay, "refused", { fail = "no money" })
  evidence("refused", { ok = ok, why = err.why, class = err.class })
  world.pay("paid after " .. tries)
  step "Fail"
  world.set("last", "1")
  world.set("never", "1", { fail = "broken" })
end
