//! A form over a draft: what is written, what is wrong with it, and where the cursor goes.

use super::draft::{Draft, Field};
use super::problem::Problem;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// A draft with what is wrong with it, and a name that makes the ids of its fields unique.
#[derive(Clone, Copy)]
pub struct Form {
    /// What is written.
    pub draft: RwSignal<Draft>,
    /// What is wrong with it.
    pub problem: RwSignal<Option<Problem>>,
    /// Begins the ids of its fields.
    pub name: StoredValue<String>,
}

impl Form {
    /// A form of its own over this draft.
    pub fn new(name: &str, draft: Draft) -> Self {
        Self::over(name, RwSignal::new(draft), RwSignal::new(None))
    }

    /// A form over a draft that lives elsewhere.
    pub fn over(name: &str, draft: RwSignal<Draft>, problem: RwSignal<Option<Problem>>) -> Self {
        Self { draft, problem, name: StoredValue::new(name.to_owned()) }
    }

    /// The id of a field's control, for the form's own views.
    pub fn id(self, field: Field) -> String {
        self.name.with_value(|name| id_of(name, field))
    }

    /// What is wrong with a field.
    pub fn problem_at(self, field: Field) -> Option<String> {
        self.problem.with(|problem| {
            let problem = problem.as_ref().filter(|problem| problem.field == Some(field));
            problem.map(|problem| problem.text.clone())
        })
    }

    /// What is wrong with no field in particular.
    pub fn problem_elsewhere(self) -> Option<String> {
        self.problem.with(|problem| {
            let problem = problem.as_ref().filter(|problem| problem.field.is_none());
            problem.map(|problem| problem.text.clone())
        })
    }

    /// Types into a field.
    pub fn type_into(self, field: Field, value: String) {
        self.draft.update(|draft| draft.set(field, value));
        // What was wrong is being mended; the next try says whether it is.
        if self.problem.with_untracked(Option::is_some) {
            self.problem.set(None);
        }
    }

    /// Puts the cursor into a field. The form may be gone: whoever waited for an answer calls this.
    pub fn focus(self, field: Field) {
        if let Some(id) = self.name.try_with_value(|name| id_of(name, field)) {
            focus(&id);
        }
    }

    /// Puts the cursor into the first field that is wrong, if the form is still there.
    pub fn focus_problem(self) {
        let wrong = self.problem.try_with_untracked(|problem| problem.as_ref()?.field);
        if let Some(field) = wrong.flatten() {
            self.focus(field);
        }
    }
}

fn id_of(form: &str, field: Field) -> String {
    let field = match field {
        Field::Text | Field::PostText => "text",
        Field::LinkUrl | Field::ImageUrl | Field::PostUrl => "url",
        Field::Title => "title",
        Field::Description => "description",
        Field::Alt | Field::PostAlt => "alt",
        Field::User => "user",
        Field::Source => "source",
        Field::PostPicture => "picture",
        Field::Json => "data",
    };
    format!("{form}-{field}")
}

/// Moves the focus to the element with this id, if it is there.
pub fn focus(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()) {
        // It fails for no element that is on the page.
        let _ = element.focus();
    }
}
