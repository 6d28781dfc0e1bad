-- Two headings at once
playbook {
  name = "word-extra", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  step("Look", "closely") -- expect: extra-argument @ "closely"
  finish("done", p.domain)
end
