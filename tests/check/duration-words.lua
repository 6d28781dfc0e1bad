-- A duration in words
playbook {
  name = "duration-words", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  sleep "10 minutes" -- expect: bad-duration @ "10
  finish("done", p.domain)
end
