// Shows how far the upload of an update is. The form works without it; then only the browser says so.
"use strict";

const form = document.getElementById("upload");

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const data = new FormData(form);
  const bar = document.createElement("progress");
  const said = document.createElement("p");
  bar.max = 1;
  said.setAttribute("role", "status");
  said.textContent = "The update is on its way to the box. Leave this page open.";
  form.replaceChildren(said, bar);

  const refuse = (detail, hint) => {
    bar.remove();
    said.className = "trouble";
    said.setAttribute("role", "alert");
    said.textContent = `${detail} ${hint}`;
  };
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/problem+json");
  request.responseType = "text";
  request.upload.addEventListener("progress", (step) => {
    bar.value = step.loaded / step.total;
    if (step.loaded === step.total) {
      said.textContent = "The box checks the update.";
      bar.removeAttribute("value");
    }
  });
  request.addEventListener("load", () => {
    if (request.status < 300) {
      location.replace(`/setup/?${Date.now()}#update`); // another address, or the page would only scroll
      return;
    }
    const problem = JSON.parse(request.responseText);
    refuse(problem.detail, problem.hint);
  });
  request.addEventListener("error", () => refuse("The connection to the box broke off.", "Load this page again."));
  request.send(data);
});
