-- A domain where a duration stands
playbook {
  name = "duration-param", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  sleep(p.domain) -- expect: bad-duration @ p.domain
  finish("done")
end
