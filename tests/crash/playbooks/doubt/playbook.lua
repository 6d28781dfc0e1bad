-- SPDX-License-Identifier: MIT
-- Acts that only a person can tell about, beside others; replies that never come.
playbook {
  name = "doubt", version = "1.0.0", owner = "tests", summary = "Doubt",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main()
  step "Doubt"
  world.post("first post")
  parallel {
    function() world.post("post beside") world.tell("then told") end,
    function() world.set("a", "1", { lose = true }) world.post("another post") end,
    function() world.pay("paid beside", { lose = true }) end,
  }
  local ok = pcall(world.post, "refused post", { fail = "no" })
  world.set("a", "2", { lose = true })
  finish("done", tostring(ok))
end
