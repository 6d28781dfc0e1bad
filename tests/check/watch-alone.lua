-- watch without detect
playbook {
  name = "watch-alone", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  watch = { every = "1m" }, -- expect: bad-watch @ watch
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain)
end
