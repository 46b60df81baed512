//! The six entry points of models: instances, actions with their progress, the model store.
